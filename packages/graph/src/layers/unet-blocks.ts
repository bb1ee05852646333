import { shapeError, type GraphBuilder, type Value } from "../builder.js";
import {
  add,
  averagePool2,
  concat,
  expand,
  mul,
  multiHeadAttention,
  pad,
  reshape,
  silu,
  slice,
  transpose,
  upsampleNearest2,
} from "../ops.js";
import { conv2d, groupNorm, linear } from "./basic.js";

/** What the blocks of one U-Net share. */
export interface UnetBlockOptions {
  /** Groups of the group norms. */
  readonly groups: number;
  readonly epsilon: number;
  /** How the time embedding enters a residual block: added to its features, or as a scale and a shift after its second norm. */
  readonly timeScaleShift: "default" | "scale_shift";
  /** Whether 3x3 convolutions take Winograd's algorithm where they suit it; default false. */
  readonly winograd?: boolean;
}

/** What attention layers attend to besides the picture. */
export interface CrossAttention {
  /** Width of a head; the number of heads is the width of the layer over it. */
  readonly headWidth: number;
  /** Tokens of the condition, [N, S, W]. */
  readonly context: Value;
  /** What is added to the scores of those tokens: [N, 1, 1, S], 0 or MASKED. */
  readonly contextBias: Value;
}

/** Residual block, plain or resampling by 2.
 * @param x [N, C, H, W]
 * @param temb time embedding before its activation, [N, E]
 * @returns [N, out, H', W']
 * @see Dhariwal and Nichol 2021 (arXiv:2105.05233) section 3, "BigGAN up/downsampling" and AdaGN */
export function residualBlock(
  g: GraphBuilder,
  scope: string,
  [x, temb]: readonly [Value, Value],
  out: number,
  options: UnetBlockOptions & { resample?: (g: GraphBuilder, x: Value) => Value },
): Value {
  const { groups, epsilon, timeScaleShift, resample, winograd } = options;
  const conv3 = { kernel: 3, padding: 1, winograd };
  return g.scope(scope, () => {
    let h = silu(g, groupNorm(g, "norm1", x, groups, epsilon));
    let shortcut = x;
    if (resample !== undefined) [h, shortcut] = [resample(g, h), resample(g, x)];
    h = conv2d(g, "conv1", h, out, conv3);
    const shifts = timeScaleShift === "scale_shift" ? 2 : 1;
    const projected = linear(g, "time_emb_proj", silu(g, temb), shifts * out);
    const time = reshape(g, projected, [projected.dims[0]!, shifts * out, 1, 1]);
    if (timeScaleShift === "scale_shift") {
      h = groupNorm(g, "norm2", h, groups, epsilon);
      const scale = add(g, slice(g, time, 1, 0, out), g.constant("float", [1], [1]));
      h = add(g, mul(g, h, scale), slice(g, time, 1, out, 2 * out));
    } else {
      h = groupNorm(g, "norm2", add(g, h, time), groups, epsilon);
    }
    h = conv2d(g, "conv2", silu(g, h), out, conv3);
    if (x.dims[1] !== out) shortcut = conv2d(g, "conv_shortcut", shortcut, out, { kernel: 1 });
    return add(g, shortcut, h);
  });
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
    const key = concat(g, [linear(g, "add_k_proj", context, channels), linear(g, "to_k", tokens, channels)], 1);
    const value = concat(g, [linear(g, "add_v_proj", context, channels), linear(g, "to_v", tokens, channels)], 1);
    const attended = multiHeadAttention(
      g,
      [query, key, value],
      channels / headWidth,
      scoreBias(g, contextBias, length),
    );
    const out = transpose(g, linear(g, "to_out.0", attended, channels), [0, 2, 1]); // [N, C, HW]
    return add(g, reshape(g, out, x.dims), x);
  });
}

/** The bias of all scores, [N, 1, L, S + L], from that of the condition's tokens, [N, 1, 1, S]: the picture's tokens all count. */
function scoreBias(g: GraphBuilder, contextBias: Value, length: number): Value {
  return expand(g, pad(g, contextBias, 3, [0, length]), [1, 1, length, 1]);
}
