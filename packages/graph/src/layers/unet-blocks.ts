import { shapeError, type GraphBuilder, type Value } from "../builder.js";
import { dimSum } from "../onnx.js";
import {
  add,
  averagePool2,
  concat,
  expand,
  mul,
  multiHeadAttention,
  pad,
  reshape,
  resizeNearest,
  silu,
  slice,
  transpose,
  upsampleNearest2,
} from "../ops.js";
import { conv2d, groupNorm, linear } from "./basic.js";

/** What the blocks of one network share. */
export interface UnetBlockOptions {
  /** Groups of the group norms. */
  readonly groups: number;
  readonly epsilon: number;
  /** How the time embedding enters a residual block: added to its features, or as a scale and a shift after its second norm. */
  readonly timeScaleShift: "default" | "scale_shift";
  /** The norm of that name in the current scope, where it is not a group norm. */
  readonly norm?: (name: string, h: Value) => Value;
}

/** What attention layers attend to besides the picture. */
export interface CrossAttention {
  /** Width of a head; the number of heads is the width of the layer over it. */
  readonly headWidth: number;
  /** Tokens of the condition, [N, S, W]. */
  readonly context: Value;
  /** What is added to the scores of those tokens: [N, 1, 1, S], 0 or MASKED; without it all of them count. */
  readonly contextBias?: Value;
}

/** Residual block, plain or resampling by 2.
 * @param x [N, C, H, W]
 * @param temb time embedding before its activation, [N, E]; undefined for a block that knows no time, as in autoencoders
 * @returns [N, out, H', W']
 * @see Dhariwal and Nichol 2021 (arXiv:2105.05233) section 3, "BigGAN up/downsampling" and AdaGN */
export function residualBlock(
  g: GraphBuilder,
  scope: string,
  [x, temb]: readonly [Value, Value | undefined],
  out: number,
  options: UnetBlockOptions & { resample?: (g: GraphBuilder, x: Value) => Value },
): Value {
  const { groups, epsilon, timeScaleShift, resample } = options;
  const { norm = (name, h) => groupNorm(g, name, h, groups, epsilon) } = options;
  const conv3 = { kernel: 3, padding: 1 };
  return g.scope(scope, () => {
    let h = silu(g, norm("norm1", x));
    let shortcut = x;
    if (resample !== undefined) [h, shortcut] = [resample(g, h), resample(g, x)];
    h = conv2d(g, "conv1", h, out, conv3);
    if (temb === undefined) {
      h = norm("norm2", h);
    } else if (timeScaleShift === "scale_shift") {
      const time = timeShift(g, temb, 2 * out);
      const scale = add(g, slice(g, time, 1, 0, out), g.constant("float", [1], [1]));
      h = add(g, mul(g, norm("norm2", h), scale), slice(g, time, 1, out, 2 * out));
    } else {
      h = norm("norm2", add(g, h, timeShift(g, temb, out)));
    }
    h = conv2d(g, "conv2", silu(g, h), out, conv3);
    if (x.dims[1] !== out) shortcut = conv2d(g, "conv_shortcut", shortcut, out, { kernel: 1 });
    return add(g, shortcut, h);
  });
}

/** What the time embedding adds to each of `width` channels: [N, width, 1, 1]. */
function timeShift(g: GraphBuilder, temb: Value, width: number): Value {
  const projected = linear(g, "time_emb_proj", silu(g, temb), width);
  return reshape(g, projected, [projected.dims[0]!, width, 1, 1]);
}

/** Residual block that halves height and width by averaging. */
export function downsampleBlock(
  g: GraphBuilder,
  scope: string,
  x: readonly [Value, Value],
  options: UnetBlockOptions,
): Value {
  return residualBlock(g, scope, x, x[0].dims[1] as number, { ...options, resample: averagePool2 });
}

/** Residual block that doubles height and width by repeating pixels. */
export function upsampleBlock(
  g: GraphBuilder,
  scope: string,
  x: readonly [Value, Value],
  options: UnetBlockOptions,
): Value {
  return residualBlock(g, scope, x, x[0].dims[1] as number, { ...options, resample: upsampleNearest2 });
}

/** Convolution over the pixels of x [N, C, H, W] at another size, of the nearest ones: [N, C, height, width]. */
export function upsampleConv(g: GraphBuilder, scope: string, x: Value, size: readonly [number, number]): Value {
  return conv2d(g, `${scope}.conv`, resizeNearest(g, x, size), x.dims[1] as number, { kernel: 3, padding: 1 });
}

/** Attention whose keys and values are the tokens of the condition followed by the picture's own.
 * @param x [N, C, H, W]
 * @returns x plus what it attended to, same shape
 * @see Nichol et al. 2021 (arXiv:2112.10741, GLIDE) section 4.1 */
export function addedAttentionBlock(
  g: GraphBuilder,
  scope: string,
  x: Value,
  cross: CrossAttention,
  options: UnetBlockOptions,
): Value {
  const { headWidth, context, contextBias } = cross;
  const [n, channels, height, width] = x.dims as [string | number, number, number, number];
  if (channels % headWidth !== 0) throw shapeError("addedAttentionBlock", `channels in heads of ${headWidth}`, x);
  const length = height * width;
  return g.scope(scope, () => {
    const normed = reshape(g, groupNorm(g, "group_norm", x, options.groups, options.epsilon), [n, channels, length]);
    const tokens = transpose(g, normed, [0, 2, 1]); // [N, HW, C]
    const query = linear(g, "to_q", tokens, channels);
    const all = dimSum(context.dims[1]!, length);
    const key = concat(g, [linear(g, "add_k_proj", context, channels), linear(g, "to_k", tokens, channels)], 1, all);
    const value = concat(g, [linear(g, "add_v_proj", context, channels), linear(g, "to_v", tokens, channels)], 1, all);
    const bias = contextBias && scoreBias(g, contextBias, length);
    const attended = multiHeadAttention(g, [query, key, value], channels / headWidth, bias);
    const out = transpose(g, linear(g, "to_out.0", attended, channels), [0, 2, 1]); // [N, C, HW]
    return add(g, reshape(g, out, x.dims), x);
  });
}

/** The bias of all scores, [N, 1, L, S + L], from that of the condition's tokens, [N, 1, 1, S]: the picture's tokens all count. */
function scoreBias(g: GraphBuilder, contextBias: Value, length: number): Value {
  return expand(g, pad(g, contextBias, 3, [0, length]), [1, 1, length, 1]);
}
