import type { GraphBuilder, Value } from "../builder.js";
import { shapeError } from "../builder.js";
import { convShape, type ConvOptions } from "../conv-shape.js";
import {
  add,
  concat,
  conv,
  cos,
  gemm,
  groupRows,
  instanceNormalization,
  layerNormalization,
  mul,
  reshape,
  silu,
  sin,
  skipLayerNormalization,
} from "../ops.js";
import { int8Conv, int8Linear } from "./int8.js";
import { suitsWinograd, winogradConv, winogradParts } from "./winograd.js";

/* Layers as torch names them: each reads its weights under the scope it is given. */

/** Linear layer over the last axis of x [..., in]: [..., out].
 * @param bias whether the layer has one; default true */
export function linear(g: GraphBuilder, scope: string, x: Value, out: number, { bias = true } = {}): Value {
  return g.scope(scope, () => {
    const width = x.dims.at(-1);
    if (typeof width !== "number") throw shapeError("linear", "a last axis of known size", x);
    const offset = () => (bias ? g.weight("bias", [out]) : undefined);
    const small = g.int8Weight([out, width]);
    if (small !== undefined) return int8Linear(g, x, small, offset());
    const y = floatLinear(g, x, g.weight("weight", [out, width]), offset());
    g.layer({ kind: "linear", x, y });
    return y;
  });
}

function floatLinear(g: GraphBuilder, x: Value, weight: Value, offset: Value | undefined): Value {
  const [out, width] = weight.dims as [number, number];
  if (x.dims.length === 2) return gemm(g, x, weight, offset);
  const lead = x.dims.slice(0, -1);
  const flat = lead.every((dim) => typeof dim === "number")
    ? lead.reduce((a, b) => (a as number) * (b as number))
    : lead.join("*");
  const y = gemm(g, reshape(g, x, [flat, width]), weight, offset);
  const named = lead.filter((dim) => typeof dim === "string").length;
  return named < 2 ? reshape(g, y, [...lead, out]) : groupRows(g, y, x);
}

/** Options of {@link conv2d}. */
export interface Conv2dOptions extends ConvOptions {
  /** Height and width of the kernel. */
  readonly kernel: number;
  /** Whether the layer has a bias; default true. */
  readonly bias?: boolean;
}

/** Two-dimensional convolution of x [N, C, H, W] to `out` channels with a square kernel; by Winograd's algorithm where it suits that. */
export function conv2d(g: GraphBuilder, scope: string, x: Value, out: number, options: Conv2dOptions): Value {
  const { kernel, bias = true, stride = 1, padding } = options;
  return g.scope(scope, () => {
    const channels = x.dims[1] as number;
    const dims = [out, channels, kernel, kernel];
    const offset = () => (bias ? g.weight("bias", [out]) : undefined);
    const small = g.int8Weight(dims);
    if (small !== undefined) return int8Conv(g, x, { ...small, ...g.int8Range(out) }, offset(), options);
    const isWinograd = kernel === 3 && stride === 1 && padding === 1 && bias && suitsWinograd(x, out);
    const y = isWinograd ? wideConv(g, x, dims) : conv(g, x, g.weight("weight", dims), offset(), options);
    g.layer({ kind: "conv", x, y, attributes: convShape(x, dims, options).attributes });
    return y;
  });
}

/** Convolution by Winograd's algorithm, with the weight and the bias of the current scope.
 * @param dims of the weight, [out, in, 3, 3] */
function wideConv(g: GraphBuilder, x: Value, dims: readonly number[]): Value {
  const [out, channels] = dims as [number, number];
  const kernels = winogradParts(channels, out).map((rows) =>
    g.weightRows("weight", dims, rows, [1, 1, rows[1] - rows[0], 9 * channels]),
  );
  return winogradConv(g, x, kernels, g.weight("bias", [out], [1, out, 1, 1]));
}

/** Layer normalisation over the last axis. */
export function layerNorm(g: GraphBuilder, scope: string, x: Value, epsilon = 1e-5): Value {
  const width = x.dims.at(-1) as number;
  return g.scope(scope, () =>
    layerNormalization(g, x, g.weight("weight", [width]), g.weight("bias", [width]), epsilon),
  );
}

/** a + b, and its layer normalisation over the last axis, in one pass. */
export function skipLayerNorm(
  g: GraphBuilder,
  scope: string,
  values: readonly [Value, Value],
  epsilon = 1e-5,
): { sum: Value; normed: Value } {
  const width = values[0].dims.at(-1) as number;
  return g.scope(scope, () =>
    skipLayerNormalization(g, values, [g.weight("weight", [width]), g.weight("bias", [width])], epsilon),
  );
}

/** Group normalisation of x [N, C, ...], each of `groups` groups of channels by its own mean and variance.
 * @see Wu and He 2018 (arXiv:1803.08494) */
export function groupNorm(g: GraphBuilder, scope: string, x: Value, groups: number, epsilon = 1e-5): Value {
  const [n, channels, ...area] = x.dims;
  const size = [channels, ...area].reduce<number>((product, dim) => product * (dim as number), 1);
  if ((channels as number) % groups !== 0) throw shapeError("groupNorm", `channels in ${groups} equal groups`, x);
  return g.scope(scope, () => {
    const normalised = reshape(
      g,
      instanceNormalization(g, reshape(g, x, [n!, groups, size / groups]), epsilon),
      x.dims,
    );
    const perChannel = [channels as number, ...area.map(() => 1)];
    const scaled = mul(g, normalised, g.weight("weight", [channels as number], perChannel));
    return add(g, scaled, g.weight("bias", [channels as number], perChannel));
  });
}

/** Sinusoidal embedding of a timestep: [cos(t f_0), ..., sin(t f_0), ...] with f_i = 10000^(-i / (width / 2)).
 * @param t timesteps, [N], float
 * @param width even
 * @returns [N, width]
 * @see Vaswani et al. 2017 (arXiv:1706.03762) section 3.5; here the cosines come first */
export function timestepEmbedding(g: GraphBuilder, t: Value, width: number): Value {
  if (width % 2 !== 0) throw shapeError("timestepEmbedding", `an even width, got ${width}, for`, t);
  const half = width / 2;
  const frequencies = Array.from({ length: half }, (_, i) => Math.exp(Math.fround((-Math.log(10000) * i) / half)));
  const angles = mul(g, reshape(g, t, [t.dims[0]!, 1]), g.constant("float", frequencies, [1, half]));
  return concat(g, [cos(g, angles), sin(g, angles)], 1);
}

/** The two-layer network on a timestep embedding: linear_2(silu(linear_1(x))). */
export function timestepNetwork(g: GraphBuilder, scope: string, embedding: Value, width: number): Value {
  return g.scope(scope, () => linear(g, "linear_2", silu(g, linear(g, "linear_1", embedding, width)), width));
}
