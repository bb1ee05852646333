import { shapeError, type GraphBuilder, type Value } from "../builder.js";
import { add, concat, gelu, mul, multiHeadAttention, reshape, slice, transpose } from "../ops.js";
import { groupNorm, layerNorm, linear } from "./basic.js";

/** Sizes and condition of {@link transformerAttentionBlock}. */
export interface TransformerAttention {
  readonly heads: number;
  /** Tokens of the condition, [N, S, W]. */
  readonly context: Value;
  /** Groups of the norm in front. */
  readonly groups: number;
  /** Transformer blocks; default 1. */
  readonly layers?: number;
}

/** Pixels as the tokens of a transformer, each block of which attends to the pixels, then to the condition.
 * @param x [N, C, H, W]
 * @returns x plus what the transformer made of it, same shape
 * @see Rombach et al. 2022 (arXiv:2112.10752) section 3.3 */
export function transformerAttentionBlock(
  g: GraphBuilder,
  scope: string,
  x: Value,
  { heads, context, groups, layers = 1 }: TransformerAttention,
): Value {
  const [n, channels, height, width] = x.dims as [string | number, number, number, number];
  if (channels % heads !== 0) throw shapeError("transformerAttentionBlock", `channels in ${heads} equal heads`, x);
  return g.scope(scope, () => {
    const normed = reshape(g, groupNorm(g, "norm", x, groups, 1e-6), [n, channels, height * width]);
    let h = linear(g, "proj_in", transpose(g, normed, [0, 2, 1]), channels); // [N, HW, C]
    for (let i = 0; i < layers; i++) {
      h = g.scope(`transformer_blocks.${i}`, () => {
        const pixels = layerNorm(g, "norm1", h);
        const seen = add(g, h, attention(g, "attn1", pixels, pixels, heads));
        const read = add(g, seen, attention(g, "attn2", layerNorm(g, "norm2", seen), context, heads));
        return feedForward(g, read);
      });
    }
    const out = transpose(g, linear(g, "proj_out", h, channels), [0, 2, 1]); // [N, C, HW]
    return add(g, reshape(g, out, x.dims), x);
  });
}

/** What tokens x [N, L, C] read of other tokens [N, S, W]: [N, L, C]. */
function attention(g: GraphBuilder, scope: string, x: Value, others: Value, heads: number): Value {
  const width = x.dims[2] as number;
  return g.scope(scope, () => {
    const query = linear(g, "to_q", x, width, { bias: false });
    const key = linear(g, "to_k", others, width, { bias: false });
    const value = linear(g, "to_v", others, width, { bias: false });
    return linear(g, "to_out.0", multiHeadAttention(g, [query, key, value], heads), width);
  });
}

/** Longer sequences are computed in parts, so that the hidden layer of a part stays in the processor's cache. */
const MAX_TOKENS = 512;

/** x [N, L, C] plus what the feed-forward network makes of its norm, token by token. */
function feedForward(g: GraphBuilder, x: Value): Value {
  const length = x.dims[1] as number;
  let tokens = length;
  while (tokens > MAX_TOKENS && tokens % 2 === 0) tokens /= 2;
  const ofPart = (part: Value) => add(g, part, gatedFeedForward(g, "ff", layerNorm(g, "norm3", part)));
  if (tokens === length) return ofPart(x);
  const starts = Array.from({ length: length / tokens }, (_, i) => i * tokens);
  return concat(
    g,
    starts.map((start) => ofPart(slice(g, x, 1, start, start + tokens))),
    1,
  );
}

/** The feed-forward network whose hidden layer is one half times the activation of the other.
 * @see Shazeer 2020 (arXiv:2002.05202), GEGLU */
function gatedFeedForward(g: GraphBuilder, scope: string, x: Value): Value {
  const width = x.dims[2] as number;
  const inner = 4 * width;
  return g.scope(scope, () => {
    const both = linear(g, "net.0.proj", x, 2 * inner);
    const hidden = mul(g, slice(g, both, 2, 0, inner), gelu(g, slice(g, both, 2, inner, 2 * inner)));
    return linear(g, "net.2", hidden, width);
  });
}
