import {
  add,
  causalMask,
  concat,
  createGraphBuilder,
  expandRows,
  gather,
  gelu,
  layerNorm,
  linear,
  maskBias,
  pad,
  reshape,
  sizeAlong,
  slice,
  sliceFrom,
  stack,
  timestepEmbedding,
  timestepNetwork,
  transformerBlock,
  type Checkpoint,
  type Graph,
  type GraphBuilder,
  type TransformerBlockOptions,
  type Value,
} from "@unclip/graph";
import type { PriorConfig } from "./config.js";

/** Tokens after the caption's: text embedding, timestep, noisy image embedding, and the query whose output is the prediction. */
const ADDED_TOKENS = 4;

const BLOCK: Pick<TransformerBlockOptions, "activation" | "names"> = {
  activation: gelu,
  names: {
    attentionNorm: "norm1",
    attention: { scope: "attn1", q: "to_q", k: "to_k", v: "to_v", out: "to_out.0" },
    mlpNorm: "norm3",
    mlpIn: "ff.net.0.proj",
    mlpOut: "ff.net.2",
  },
};

/** Tokens whose values change from step to step: timestep, noisy image embedding, and the query behind them. */
const STEP_TOKENS = 3;

/** The prior's transformer: predicts the clean image embedding, in normalised space, from a noisy one and the caption.
 *
 * Attention is causal and the caption stands first, so that its tokens never see the timestep or the noisy embedding: their keys
 * and values are the same in every step. The network gives them as `present` when `past` is empty (P = 0); given back as `past`
 * (P = L + 1), only the last three tokens are left to compute. The caption's first token must count (mask 1), as start does.
 * L may be less than the config's text length, where no caption has a token that counts beyond it.
 *
 * Inputs: xt [N, D], t [1], textEmbedding [N, D], textStates [N, L, D], textMask [N, L], past [2 layers, N, P, W].
 * Outputs: prediction [N, D]; clipMean and clipStd [1, D], which lead out of normalised space; present [2 layers, N, L + 1 - P, W].
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2 */
export function priorNetwork(config: PriorConfig, checkpoint: Checkpoint): Graph {
  const { heads, headWidth, layers, embeddingWidth, textLength } = config;
  const width = heads * headWidth;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint });
  const xt = g.input("xt", "float", ["N", embeddingWidth]);
  const t = g.input("t", "float", [1]);
  const textEmbedding = g.input("textEmbedding", "float", ["N", embeddingWidth]);
  const textStates = g.input("textStates", "float", ["N", "L", embeddingWidth]);
  const textMask = g.input("textMask", "float", ["N", "L"]);
  const past = g.input("past", "float", [2 * layers, "N", "P", width]);

  const time = timestepNetwork(g, "time_embedding", timestepEmbedding(g, t, width), width); // [1, width]
  const token = (value: Value) => reshape(g, value, [value.dims[0]!, 1, width]);
  const added = [
    token(linear(g, "embedding_proj", textEmbedding, width)),
    expandRows(g, token(time), xt),
    token(linear(g, "proj_in", xt, width)),
    expandRows(g, g.weight("prd_embedding", [1, 1, width]), xt),
  ];
  const length = `L+${ADDED_TOKENS}`;
  const tokens = concat(g, [linear(g, "encoder_hidden_states_proj", textStates, width), ...added], 1, length);
  const count = sizeAlong(g, tokens, 1);
  const known = sizeAlong(g, past, 2); // tokens whose keys and values are given
  const rest = (x: Value, axis: number) => sliceFrom(g, x, axis, { start: known, end: count, size: `${length}-P` });
  let h = rest(add(g, tokens, positions(g, textStates, { textLength, width, length })), 1); // [N, L + 4 - P, width]

  const before = rest(causalMask(g, textLength + ADDED_TOKENS), 2); // of each token, those that it may see
  const seenBefore = sliceFrom(g, before, 3, { end: count, size: length });
  const scoreBias = add(g, pad(g, maskBias(g, textMask), 3, [0, ADDED_TOKENS]), seenBefore); // [N, 1, L + 4 - P, L + 4]
  const present: Value[] = [];
  const remember = (own: Value): Value => {
    const before = gather(g, past, g.constant("int64", [present.length], [])); // [N, P, width]
    const end = g.constant("int64", [-STEP_TOKENS], [1]);
    present.push(sliceFrom(g, own, 1, { end, size: `L+${ADDED_TOKENS - STEP_TOKENS}-P` }));
    return concat(g, [before, own], 1, length);
  };
  const seen = (key: Value, value: Value) => [remember(key), remember(value)] as const;
  g.expectParts("transformer_blocks", layers);
  for (let i = 0; i < layers; i++) {
    h = g.scope(`transformer_blocks.${i}`, () =>
      transformerBlock(g, h, scoreBias, { ...BLOCK, heads, inner: 4 * width, seen }),
    );
  }
  const last = reshape(
    g,
    layerNorm(g, "norm_out", sliceFrom(g, h, 1, { start: g.constant("int64", [-1], [1]), size: 1 })),
    ["N", width],
  );
  g.output("prediction", linear(g, "proj_to_clip_embeddings", last, embeddingWidth));
  g.output("present", stack(g, present));
  g.output("clipMean", g.weight("clip_mean", [1, embeddingWidth]));
  g.output("clipStd", g.weight("clip_std", [1, embeddingWidth]));
  return g.finish();
}

/** The positional embedding of L caption tokens and of those after them, which keep their places however short the captions are:
 * [1, L + 4, width].
 * @param textStates [N, L, D] */
function positions(
  g: GraphBuilder,
  textStates: Value,
  { textLength, width, length }: { textLength: number; width: number; length: string },
): Value {
  const all = g.weight("positional_embedding", [1, textLength + ADDED_TOKENS, width]);
  const ofText = sliceFrom(g, all, 1, { end: sizeAlong(g, textStates, 1), size: "L" });
  return concat(g, [ofText, slice(g, all, 1, textLength, textLength + ADDED_TOKENS)], 1, length);
}
