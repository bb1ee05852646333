import type { GraphBuilder, Value } from "../builder.js";
import { add, mul, multiHeadAttention, reshape, sub } from "../ops.js";
import { layerNorm, linear } from "./basic.js";

/** Names and sizes of one pre-norm transformer block, which differ between CLIP and the prior. */
export interface TransformerBlockOptions {
  readonly heads: number;
  /** Width of the hidden layer of the feed-forward network. */
  readonly inner: number;
  /** Its activation. */
  readonly activation: (g: GraphBuilder, x: Value) => Value;
  readonly names: {
    readonly attentionNorm: string;
    readonly attention: {
      readonly scope: string;
      readonly q: string;
      readonly k: string;
      readonly v: string;
      readonly out: string;
    };
    readonly mlpNorm: string;
    readonly mlpIn: string;
    readonly mlpOut: string;
  };
  /** Width of q, k and v; default the width of x. */
  readonly attentionWidth?: number;
  readonly epsilon?: number;
  /** The keys and values that attention sees, from those of x: for example with those of earlier tokens in front. Default those of x. */
  readonly seen?: (key: Value, value: Value) => readonly [Value, Value];
}

/** h += attention(norm(h)); h += mlp(norm(h)).
 * @param x [N, L, C]
 * @param bias added to the attention scores, [1 or N, 1, L, S] for S tokens seen: a mask
 * @returns [N, L, C] */
export function transformerBlock(
  g: GraphBuilder,
  x: Value,
  bias: Value | undefined,
  options: TransformerBlockOptions,
): Value {
  const { heads, inner, activation, names, epsilon = 1e-5, seen = (key, value) => [key, value] } = options;
  const width = x.dims[2] as number;
  const { attentionWidth = width } = options;
  const normed = layerNorm(g, names.attentionNorm, x, epsilon);
  const attended = g.scope(names.attention.scope, () => {
    const { q, k, v, out } = names.attention;
    const [query, key, value] = [q, k, v].map((name) => linear(g, name, normed, attentionWidth)) as [
      Value,
      Value,
      Value,
    ];
    return linear(g, out, multiHeadAttention(g, [query, ...seen(key, value)], heads, bias), width);
  });
  const h = add(g, x, attended);
  const hidden = activation(g, linear(g, names.mlpIn, layerNorm(g, names.mlpNorm, h, epsilon), inner));
  return add(g, h, linear(g, names.mlpOut, hidden, width));
}

/** What is added to a score that must not count: after softmax nothing of it is left. */
const MASKED = -10000;

/** The mask that lets token i see tokens 0 to i only: [1, 1, L, L], 0 or {@link MASKED}. */
export function causalMask(g: GraphBuilder, length: number): Value {
  const values = Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? MASKED : 0));
  return g.constant("float", values, [1, 1, length, length]);
}

/** What a mask [N, L] of ones and zeros adds to scores: [N, 1, 1, L], 0 for one and {@link MASKED} for zero. */
export function maskBias(g: GraphBuilder, mask: Value): Value {
  const scalar = (value: number) => g.constant("float", [value], [1]);
  const bias = mul(g, sub(g, mask, scalar(1)), scalar(-MASKED));
  return reshape(g, bias, [mask.dims[0]!, 1, 1, mask.dims[1]!]);
}
