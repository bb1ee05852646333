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
  sliceRest,
  stack,
  timestepEmbedding,
  timestepNetwork,
  transformerBlock,
  type Checkpoint,
  type Graph,
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
 *
 * Inputs: xt [N, D], t [1], textEmbedding [N, D], textStates [N, L, D], textMask [N, L], past [2 layers, N, P, W].
 * Outputs: prediction [N, D]; clipMean and clipStd [1, D], which lead out of normalised space; present [2 layers, N, L + 1 - P, W].
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2 */
export function priorNetwork(config: PriorConfig, checkpoint: Checkpoint): Graph {
  const { heads, headWidth, layers, embeddingWidth, textLength } = config;
  const [width, length] = [heads * headWidth, textLength + ADDED_TOKENS];
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint });
  const xt = g.input("xt", "float", ["N", embeddingWidth]);
  const t = g.input("t", "float", [1]);
  const textEmbedding = g.input("textEmbedding", "float", ["N", embeddingWidth]);
  const textStates = g.input("textStates", "float", ["N", textLength, embeddingWidth]);
  const textMask = g.input("textMask", "float", ["N", textLength]);
  const past = g.input("past", "float", [2 * layers, "N", "P", width]);

  const time = timestepNetwork(g, "time_embedding", timestepEmbedding(g, t, width), width); // [1, width]
  const token = (value: Value) => reshape(g, value, [value.dims[0]!, 1, width]);
  const tokens = [
    linear(g, "encoder_hidden_states_proj", textStates, width),
    token(linear(g, "embedding_proj", textEmbedding, width)),
    expandRows(g, token(time), xt),
    token(linear(g, "proj_in", xt, width)),
    expandRows(g, g.weight("prd_embedding", [1, 1, width]), xt),
  ];
  const known = sizeAlong(g, past, 2); // tokens whose keys and values are given
  const rest = (x: Value, axis: number) => sliceRest(g, x, axis, { start: known, size: `${length}-P` });
  let h = rest(add(g, concat(g, tokens, 1), g.weight("positional_embedding", [1, length, width])), 1); // [N, L + 4 - P, width]

  const mask = add(g, pad(g, maskBias(g, textMask), 3, [0, ADDED_TOKENS]), causalMask(g, length)); // [N, 1, L + 4, L + 4]
  const scoreBias = rest(mask, 2);
  const present: Value[] = [];
  const remember = (own: Value): Value => {
    const before = gather(g, past, g.constant("int64", [present.length], [])); // [N, P, width]
    present.push(sliceRest(g, own, 1, { drop: STEP_TOKENS, size: `${length - STEP_TOKENS}-P` }));
    return concat(g, [before, own], 1, length);
  };
  const seen = (key: Value, value: Value) => [remember(key), remember(value)] as const;
  for (let i = 0; i < layers; i++) {
    h = g.scope(`transformer_blocks.${i}`, () =>
      transformerBlock(g, h, scoreBias, { ...BLOCK, heads, inner: 4 * width, seen }),
    );
  }
  const last = reshape(
    g,
    layerNorm(g, "norm_out", sliceRest(g, h, 1, { start: g.constant("int64", [-1], [1]), size: 1 })),
    ["N", width],
  );
  g.output("prediction", linear(g, "proj_to_clip_embeddings", last, embeddingWidth));
  g.output("present", stack(g, present));
  g.output("clipMean", g.weight("clip_mean", [1, embeddingWidth]));
  g.output("clipStd", g.weight("clip_std", [1, embeddingWidth]));
  return g.finish();
}
