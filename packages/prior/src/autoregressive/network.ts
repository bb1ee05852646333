import {
  add,
  causalMask,
  concat,
  createGraphBuilder,
  gather,
  gelu,
  gemm,
  layerNorm,
  linear,
  maskBias,
  matmul,
  mul,
  multiHeadAttention,
  reshape,
  sizeAlong,
  slice,
  sliceFrom,
  stack,
  sub,
  type Checkpoint,
  type Graph,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import type { AutoregressivePriorConfig } from "./config.js";

/** What leads from tokens to an embedding; the rest of the checkpoint is the transformer. */
const QUANTISER_KEYS = ["mean", "components", "bucket_values"];
const BASIS_KEYS = ["mean", "components"];

/** The autoregressive prior's transformer: after a caption, its embedding and T tokens, the logits of the next token.
 *
 * The sequence has S = L + 1 + T places: caption tokens, text embedding, the bucket of the dot product z_i · z_t, and the buckets of the
 * components so far. Attention is causal, so that keys and values of a place never change: given back as `past` (P > 0), only the S - P
 * places after them are computed. P is 0 or at least L + 1. The first place must count (mask 1), as the start of a caption does. L may be less
 * than the config's text length, where no caption has a token that counts beyond it.
 *
 * Inputs: textEmbedding [N, D], textStates [N, L, W], mask [N, S] (1 for a place that counts), past [2 layers, N, P, width], and tokens [N, T],
 * int64, T at least 1: first the bucket of the dot product, in [0, Q), then those of the components, each plus Q.
 * Outputs: logits [N, B] of component T - 1; present [2 layers, N, S, width], the next run's past.
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2 */
export function autoregressivePriorNetwork(config: AutoregressivePriorConfig, checkpoint: Checkpoint): Graph {
  const { heads, headWidth, layers, embeddingWidth, textWidth, components, buckets } = config;
  const width = heads * headWidth;
  const g = createGraphBuilder({
    name: checkpoint.name,
    checkpoint,
    ignore: (key) => QUANTISER_KEYS.includes(key),
  });
  const textEmbedding = g.input("textEmbedding", "float", ["N", embeddingWidth]);
  const textStates = g.input("textStates", "float", ["N", "L", textWidth]);
  const tokens = g.input("tokens", "int64", ["N", "T"]);
  const mask = g.input("mask", "float", ["N", "S"]);
  const past = g.input("past", "float", [2 * layers, "N", "P", width]);

  const [known, count] = [sizeAlong(g, past, 2), sizeAlong(g, mask, 1)];
  const own = (x: Value, axis: number) => sliceFrom(g, x, axis, { start: known, end: count, size: "S-P" });
  const embedded = embed(g, config, { textEmbedding, textStates, tokens, known });
  const rest = sliceFrom(g, embedded, 1, { start: sub(g, known, count), size: "S-P" });
  const start = add(g, rest, own(positions(g, config, textStates), 1)); // [N, S - P, width]

  const before = own(causalMask(g, config.textLength + 1 + components), 2); // of each place, those that it may see
  const scoreBias = add(g, maskBias(g, mask), sliceFrom(g, before, 3, { end: count, size: "S" })); // [N, 1, S - P, S]
  const { output, present } = transformer(g, config, { start, past, scoreBias });
  const last = sliceFrom(g, output, 1, { start: g.constant("int64", [-1], [1]), size: 1 });
  const component = sub(g, sizeAlong(g, tokens, 1), g.constant("int64", [1], [1]));
  const readout = gather(g, g.weight("logits", [components, buckets, width]), component);
  const normed = reshape(g, layerNorm(g, "norm_out", last), ["N", width]);
  g.output("logits", gemm(g, normed, reshape(g, readout, [buckets, width]), undefined));
  g.output("present", present);
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
  { start, past, scoreBias }: { readonly start: Value; readonly past: Value; readonly scoreBias: Value },
): { output: Value; present: Value } {
  const width = heads * headWidth;
  const shape = g.node("Shape", [start], "int64", [3]);
  const bySequence = (x: Value) => g.node("Reshape", [x, shape], "float", start.dims);
  const flat = (x: Value) => reshape(g, x, ["N*(S-P)", width]);
  const seen: Value[] = [];
  const remember = (x: Value): Value => {
    const earlier = gather(g, past, g.constant("int64", [seen.length], [])); // [N, P, width]
    const all = concat(g, [earlier, bySequence(x)], 1, "S");
    seen.push(all);
    return all;
  };
  let h = flat(start);
  for (let i = 0; i < layers; i++) {
    h = g.scope(`blocks.${i}`, () => {
      const normed = layerNorm(g, "attention_norm", h);
      const attended = g.scope("attention", () => {
        const [q, k, v] = ["q", "k", "v"].map((name) => linear(g, name, normed, width)) as [Value, Value, Value];
        const values = multiHeadAttention(g, [bySequence(q), remember(k), remember(v)], heads, scoreBias);
        return linear(g, "out", flat(values), width);
      });
      const sum = add(g, h, attended);
      const hidden = gelu(g, linear(g, "mlp_in", layerNorm(g, "mlp_norm", sum), 4 * width));
      return add(g, sum, linear(g, "mlp_out", hidden, width));
    });
  }
  return { output: bySequence(h), present: stack(g, seen) };
}

/** The vectors of the sequence's places before positions are added. Of the caption's states only those that `past` does not know are
 * projected, and one at least: an empty matrix product is nothing that every device can do.
 * @returns [N, ..., width], which ends with the S - P places that are to be computed */
function embed(
  g: GraphBuilder,
  { heads, headWidth, buckets, dotProductBounds }: AutoregressivePriorConfig,
  { textEmbedding, textStates, tokens, known }: EmbedInputs,
): Value {
  const width = heads * headWidth;
  const one = g.constant("int64", [1], [1]);
  const lastState = sub(g, sizeAlong(g, textStates, 1), one);
  const start = g.node("Min", [known, lastState], "int64", [1]);
  const states = linear(g, "text_states_proj", sliceFrom(g, textStates, 1, { start, size: "L-P" }), width);
  const embedding = linear(g, "text_embedding_proj", textEmbedding, width);
  const dotProducts = dotProductBounds.length + 1;
  const table = concat(
    g,
    [
      g.scope("dot_product_embedding", () => g.weight("weight", [dotProducts, width])),
      g.scope("token_embedding", () => g.weight("weight", [buckets, width])),
    ],
    0,
  );
  const vectors = [states, reshape(g, embedding, ["N", 1, width]), gather(g, table, tokens)];
  return concat(g, vectors, 1, "S-P+");
}

interface EmbedInputs {
  readonly textEmbedding: Value;
  readonly textStates: Value;
  readonly tokens: Value;
  /** P, [1]. */
  readonly known: Value;
}

/** Positions of the L caption tokens and of the places after them, which keep theirs however short the captions are: [1, L + 1 + K, width].
 * @param textStates [N, L, W] */
function positions(
  g: GraphBuilder,
  { heads, headWidth, textLength, components }: AutoregressivePriorConfig,
  textStates: Value,
): Value {
  const length = textLength + 1 + components;
  const all = g.weight("positional_embedding", [1, length, heads * headWidth]);
  const ofText = sliceFrom(g, all, 1, { end: sizeAlong(g, textStates, 1), size: "L" });
  return concat(g, [ofText, slice(g, all, 1, textLength, length)], 1, "L+");
}
