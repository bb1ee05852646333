import {
  add,
  causalSelfAttention,
  concat,
  createGraphBuilder,
  gather,
  gelu,
  gemm,
  layerNorm,
  linear,
  matmul,
  mul,
  reshape,
  sizeAlong,
  skipLayerNorm,
  slice,
  sliceFrom,
  sub,
  type Checkpoint,
  type Graph,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import type { AutoregressivePriorConfig } from "./config.js";

/** What leads from tokens to an embedding, and what leads from a caption to its places; the rest of the checkpoint is the transformer. */
const QUANTISER_KEYS = ["mean", "components", "bucket_values"];
const BASIS_KEYS = ["mean", "components"];
const isOfPrefix = (key: string) => /^text_(states|embedding)_proj\./.test(key);

/** The first places of the autoregressive prior's sequence: caption tokens, then the text embedding, with their positions. L may be less than the
 * config's text length, where no caption has a token that counts beyond it.
 *
 * Inputs: textEmbedding [N, D], textStates [N, L, W]. Output: prefix [N, L + 1, width].
 * @throws UnclipError "weights" if the checkpoint does not fit the config */
export function autoregressivePrefixNetwork(config: AutoregressivePriorConfig, checkpoint: Checkpoint): Graph {
  const { heads, headWidth, embeddingWidth, textWidth, textLength } = config;
  const width = heads * headWidth;
  const g = createGraphBuilder({
    name: `${checkpoint.name} (prefix)`,
    checkpoint,
    ignore: (key) => !isOfPrefix(key),
  });
  const textEmbedding = g.input("textEmbedding", "float", ["N", embeddingWidth]);
  const textStates = g.input("textStates", "float", ["N", "L", textWidth]);
  const states = linear(g, "text_states_proj", textStates, width);
  const embedding = linear(g, "text_embedding_proj", textEmbedding, width);
  const places = concat(g, [states, reshape(g, embedding, ["N", 1, width])], 1, "L+1");
  const all = positions(g, config);
  const ofStates = sliceFrom(g, all, 0, { end: sizeAlong(g, textStates, 1), size: "L" });
  const ofPlaces = concat(g, [ofStates, slice(g, all, 0, textLength, textLength + 1)], 0, "L+1");
  g.output("prefix", add(g, places, ofPlaces));
  return g.finish();
}

/** The autoregressive prior's transformer: after a caption, its embedding and tokens, the logits of the next token.
 *
 * The sequence has S places: those of the prefix, the bucket of the dot product z_i · z_t, and the buckets of the components so far. Attention is
 * causal, so that keys and values of a place never change: given back as past (P > 0), only the S - P places after them are computed, and only
 * these are given: A of the prefix, T of tokens. The first place must count (mask 1), as the start of a caption does.
 *
 * Inputs: prefix [N, A, width] and tokens [N, T], int64, T at least 1: a bucket of the dot product, in [0, Q), or one of a component plus Q; next
 * [T], int64: the component that comes after each of them, in [0, K); mask [N, S], int32 (1 for a place that counts); past.0, past.1, ...
 * [2, N, heads, P, headWidth] of each layer.
 * Outputs: logits [N, B] of the component after the last token; present.0, ... [2, N, heads, S, headWidth], the next run's past; fresh.0, ...
 * [2, N, heads, S - P, headWidth], what present has after past, for a past that is kept elsewhere.
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2 */
export function autoregressivePriorNetwork(config: AutoregressivePriorConfig, checkpoint: Checkpoint): Graph {
  const { heads, headWidth, layers, components, buckets } = config;
  const width = heads * headWidth;
  const g = createGraphBuilder({
    name: checkpoint.name,
    checkpoint,
    ignore: (key) => QUANTISER_KEYS.includes(key) || isOfPrefix(key),
  });
  const prefix = g.input("prefix", "float", ["N", "A", width]);
  const tokens = g.input("tokens", "int64", ["N", "T"]);
  const next = g.input("next", "int64", ["T"]);
  const mask = g.input("mask", "int32", ["N", "S"]);
  const past = Array.from({ length: layers }, (_, i) => g.input(`past.${i}`, "float", [2, "N", heads, "P", headWidth]));
  const start = concat(g, [prefix, embed(g, config, tokens, next)], 1, "S-P");
  const { output, present } = transformer(g, config, { start, past, mask });
  const last = g.constant("int64", [-1], [1]);
  const component = sliceFrom(g, next, 0, { start: last, size: 1 });
  const readout = gather(g, g.weight("logits", [components, buckets, width]), component);
  const place = sliceFrom(g, output, 1, { start: last, size: 1 });
  const normed = reshape(g, layerNorm(g, "norm_out", place), ["N", width]);
  g.output("logits", gemm(g, normed, reshape(g, readout, [buckets, width]), undefined));
  const known = sizeAlong(g, past[0]!, 3);
  present.forEach((value, i) => {
    g.output(`present.${i}`, value);
    g.output(`fresh.${i}`, sliceFrom(g, value, 3, { start: known, size: "S-P" }));
  });
  return g.finish();
}

/** The way from tokens back to an embedding: each bucket's value, as a coordinate along its principal component, from the mean.
 *
 * Input: tokens [N, K], int64, each in [0, B). Output: imageEmbedding [N, D].
 * @throws UnclipError "weights" if the checkpoint does not fit the config */
export function dequantisationNetwork(config: AutoregressivePriorConfig, checkpoint: Checkpoint): Graph {
  const { components, buckets, embeddingWidth } = config;
  const g = createGraphBuilder({
    name: `${checkpoint.name} (components)`,
    checkpoint,
    ignore: (key) => !QUANTISER_KEYS.includes(key),
  });
  const tokens = g.input("tokens", "int64", ["N", components]);
  const starts = Array.from({ length: components }, (_, k) => k * buckets);
  const places = add(g, tokens, g.constant("int64", starts, [1, components]));
  const coordinates = gather(g, g.weight("bucket_values", [components, buckets], [components * buckets]), places);
  const centred = matmul(g, coordinates, g.weight("components", [components, embeddingWidth]));
  g.output("imageEmbedding", add(g, centred, g.weight("mean", [embeddingWidth])));
  return g.finish();
}

/** An embedding as its first principal components show it: mean + C^T (kept * C (z - mean)), where the rows of C are the components.
 *
 * Inputs: imageEmbedding [N, D], kept [N, K], 1 for a component that stays and 0 for one that goes. Output: firstComponents [N, D].
 * @throws UnclipError "weights" if the checkpoint does not fit the config */
export function componentsNetwork(config: AutoregressivePriorConfig, checkpoint: Checkpoint): Graph {
  const { components, embeddingWidth } = config;
  const g = createGraphBuilder({
    name: `${checkpoint.name} (first components)`,
    checkpoint,
    ignore: (key) => !BASIS_KEYS.includes(key),
  });
  const imageEmbedding = g.input("imageEmbedding", "float", ["N", embeddingWidth]);
  const kept = g.input("kept", "float", ["N", components]);
  const mean = g.weight("mean", [embeddingWidth]);
  const basis = g.weight("components", [components, embeddingWidth]);
  const coordinates = gemm(g, sub(g, imageEmbedding, mean), basis, undefined);
  g.output("firstComponents", add(g, matmul(g, mul(g, coordinates, kept), basis), mean));
  return g.finish();
}

/** The transformer's blocks, pre-norm.
 *
 * Between attentions all sequences stand in one matrix, [N * (S - P), width]: telling them apart takes nodes, and for a single token every
 * node counts. */
function transformer(
  g: GraphBuilder,
  { heads, headWidth, layers }: AutoregressivePriorConfig,
  { start, past, mask }: { readonly start: Value; readonly past: readonly Value[]; readonly mask: Value },
): { output: Value; present: readonly Value[] } {
  const width = heads * headWidth;
  const shape = g.node("Shape", [start], "int64", [3]);
  const bySequence = (x: Value) => g.node("Reshape", [x, shape], "float", start.dims);
  const flat = (x: Value) => reshape(g, x, ["N*(S-P)", width]);
  const present: Value[] = [];
  let h = flat(start);
  let added: Value | undefined; // what the block before adds to h
  for (let i = 0; i < layers; i++) {
    g.scope(`blocks.${i}`, () => {
      const before = addAndNorm(g, "attention_norm", h, added);
      const attended = g.scope("attention", () => {
        const product = { ...joined(g, ["q", "k", "v"], width), heads, mask, past: past[i]! };
        const read = causalSelfAttention(g, bySequence(before.normed), product);
        present.push(read.present);
        return linear(g, "out", flat(read.output), width);
      });
      const between = addAndNorm(g, "mlp_norm", before.sum, attended);
      added = linear(g, "mlp_out", gelu(g, linear(g, "mlp_in", between.normed, 4 * width)), width);
      h = between.sum;
    });
  }
  return { output: bySequence(added === undefined ? h : add(g, h, added)), present };
}

/** h + added, and its layer normalisation. */
function addAndNorm(g: GraphBuilder, scope: string, h: Value, added: Value | undefined) {
  return added === undefined ? { sum: h, normed: layerNorm(g, scope, h) } : skipLayerNorm(g, scope, [h, added]);
}

/** The weights of several linear layers as those of one whose outputs stand side by side. */
function joined(g: GraphBuilder, names: readonly string[], width: number): { weight: Value; bias: Value } {
  const each = names.map((name) =>
    g.scope(name, () => [g.weight("weight", [width, width]), g.weight("bias", [width])] as const),
  );
  const join = (index: 0 | 1) =>
    concat(
      g,
      each.map((layer) => layer[index]),
      0,
    );
  return { weight: join(0), bias: join(1) };
}

/** The vectors of tokens, with their positions: [N, T, width].
 * @param next component after each token */
function embed(g: GraphBuilder, config: AutoregressivePriorConfig, tokens: Value, next: Value): Value {
  const { heads, headWidth, buckets, dotProductBounds, textLength, components } = config;
  const tableOf = (scope: string, rows: number) => g.scope(scope, () => g.weight("weight", [rows, heads * headWidth]));
  const tables = [tableOf("dot_product_embedding", dotProductBounds.length + 1), tableOf("token_embedding", buckets)];
  const first = textLength + 1;
  const ofTokens = slice(g, positions(g, config), 0, first, first + components);
  return add(g, gather(g, concat(g, tables, 0), tokens), gather(g, ofTokens, next));
}

/** Positions of all places: those of tokens keep theirs however short the captions are. [L + 1 + K, width] */
function positions(g: GraphBuilder, { heads, headWidth, textLength, components }: AutoregressivePriorConfig): Value {
  const [length, width] = [textLength + 1 + components, heads * headWidth];
  return g.weight("positional_embedding", [1, length, width], [length, width]);
}
