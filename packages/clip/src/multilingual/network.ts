import {
  add,
  createGraphBuilder,
  div,
  expand,
  gather,
  gelu,
  layerNorm,
  linear,
  maskBias,
  matmul,
  multiHeadAttention,
  reshape,
  type Checkpoint,
  type Graph,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import type { MultilingualConfig } from "./config.js";

/** The text encoder of Kandinsky 2.1.
 *
 * Inputs: ids [N, L], int32; positions [N, L], int32; textMask [N, L], 1 for a token of the caption and 0 for padding.
 * Outputs: textEmbedding [N, D], not normalised; textStates [N, L, W].
 * @param length L
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Conneau et al. 2019 (arXiv:1911.02116), XLM-R; Carlsson et al. 2022, Cross-lingual and multilingual CLIP */
export function multilingualNetwork(config: MultilingualConfig, length: number, checkpoint: Checkpoint): Graph {
  const { width, layers, epsilon, embeddingWidth } = config;
  const g = createGraphBuilder({
    name: checkpoint.name,
    checkpoint,
    ignore: (key) => key.startsWith("transformer.pooler.") || key.endsWith(".position_ids"),
  });
  const ids = g.input("ids", "int32", ["N", length]);
  const positions = g.input("positions", "int32", ["N", length]);
  const mask = g.input("textMask", "float", ["N", length]);
  const bias = expand(g, maskBias(g, mask), [1, 1, length, 1]); // [N, 1, L, L]

  const states = g.scope("transformer", () => {
    let h = g.scope("embeddings", () => layerNorm(g, "LayerNorm", embed(g, ids, positions, config), epsilon));
    for (let i = 0; i < layers; i++) h = g.scope(`encoder.layer.${i}`, () => layer(g, h, bias, config));
    return h;
  });
  const rows = reshape(g, mask, ["N", 1, length]);
  const sum = matmul(g, rows, states); // [N, 1, W]
  const count = matmul(g, rows, g.constant("float", Array<number>(length).fill(1), [length, 1])); // [N, 1, 1]
  const mean = reshape(g, div(g, sum, count), ["N", width]);
  g.output("textEmbedding", linear(g, "LinearTransformation", mean, embeddingWidth));
  g.output("textStates", states);
  return g.finish();
}

function embed(g: GraphBuilder, ids: Value, positions: Value, config: MultilingualConfig): Value {
  const { vocabularySize, positions: positionCount, tokenTypes, width } = config;
  const table = (name: string, rows: number) => g.scope(name, () => g.weight("weight", [rows, width]));
  const tokens = gather(g, table("word_embeddings", vocabularySize), ids);
  const places = gather(g, table("position_embeddings", positionCount), positions);
  const type = gather(g, table("token_type_embeddings", tokenTypes), g.constant("int32", [0], [1])); // [1, W]
  return add(g, add(g, tokens, places), type);
}

/** h = norm(h + attention(h)); h = norm(h + mlp(h)): the norms come after, as in the first transformers. */
function layer(g: GraphBuilder, h: Value, bias: Value, { heads, inner, width, epsilon }: MultilingualConfig): Value {
  const attended = g.scope("attention", () => {
    const [query, key, value] = ["query", "key", "value"].map((name) => linear(g, `self.${name}`, h, width)) as [
      Value,
      Value,
      Value,
    ];
    const read = multiHeadAttention(g, [query, key, value], heads, bias);
    return g.scope("output", () => layerNorm(g, "LayerNorm", add(g, linear(g, "dense", read, width), h), epsilon));
  });
  const hidden = gelu(g, linear(g, "intermediate.dense", attended, inner));
  return g.scope("output", () =>
    layerNorm(g, "LayerNorm", add(g, linear(g, "dense", hidden, width), attended), epsilon),
  );
}
