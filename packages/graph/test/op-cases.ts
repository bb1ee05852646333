import * as graph from "@unclip/graph";
import type { GraphBuilder, Value } from "@unclip/graph";
import { createRandom, sizeOf } from "@unclip/tensor";
import * as reference from "./op-reference.js";
import type { Numbers } from "./op-reference.js";

/* What each operator computes, at sizes at which networks use it: a device has several kernels for one operator, and chooses by size.
 * The expected numbers are plain sums in float64. The file knows no test library, so that browsers can run it too. */

/** One operator on random numbers. */
export interface OpCase {
  /** Shapes of the inputs, whose numbers are normal ones. */
  readonly inputs: readonly (readonly number[])[];
  readonly build: (g: GraphBuilder, inputs: readonly Value[]) => Value;
  readonly expected: (inputs: readonly Numbers[]) => Numbers;
  /** How far a number may be off, as a share of the largest; default 1e-5: float32 sums in another order. */
  readonly tolerance?: number;
}

const {
  add,
  averagePool2,
  causalMask,
  causalSelfAttention,
  clip,
  concat,
  conv,
  cos,
  div,
  exp,
  expand,
  expandRows,
  gather,
  gelu,
  gemm,
  groupRows,
  instanceNormalization,
  int8Conv,
  int8Linear,
  layerNormalization,
  maskBias,
  matmul,
  mul,
  multiHeadAttention,
  pad,
  quickGelu,
  reshape,
  resizeNearest,
  silu,
  sin,
  sizeAlong,
  skipLayerNormalization,
  slice,
  sliceFrom,
  stack,
  sub,
  timestepEmbedding,
  transpose,
  upsampleNearest2,
  winogradConv,
} = graph;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const unary = (build: (g: GraphBuilder, x: Value) => Value, f: (x: number) => number): OpCase => ({
  inputs: [[2, 32, 16, 16]],
  build: (g, [x]) => build(g, x!),
  expected: ([x]) => reference.map(x!, f),
});
const binary = (
  build: (g: GraphBuilder, a: Value, b: Value) => Value,
  f: (a: number, b: number) => number,
  dims: number[],
): OpCase => ({
  inputs: [[2, 32, 16, 16], dims],
  build: (g, [a, b]) => build(g, a!, b!),
  expected: ([a, b]) => reference.zip(a!, b!, f),
});
const convolution = (x: number[], weight: number[], options: graph.ConvOptions, hasBias = true): OpCase => ({
  inputs: [x, weight, ...(hasBias ? [[weight[0]!]] : [])],
  build: (g, [x, w, b]) => conv(g, x!, w!, b, options),
  expected: ([x, w, b]) => reference.conv(x!, w!, b, options),
});
/** A convolution by Winograd's algorithm, whose weights come in `parts`. */
const winograd = (x: readonly number[], [out, channels]: readonly [number, number], parts = 1): OpCase => ({
  inputs: [x, [out, channels, 3, 3], [out]],
  build: (g, [x, w, b]) => {
    const rows = reshape(g, w!, [1, 1, out, 9 * channels]);
    const size = out / parts;
    const kernels = Array.from({ length: parts }, (_, i) => slice(g, rows, 2, i * size, (i + 1) * size));
    return winogradConv(g, x!, kernels, reshape(g, b!, [1, out, 1, 1]));
  },
  expected: ([x, w, b]) => reference.conv(x!, w!, b, { padding: 1 }),
});
const attention = (
  queries: number,
  keys: number,
  [batch, width, heads]: [number, number, number],
  biasRows = 0,
): OpCase => ({
  inputs: [
    [batch, queries, width],
    [batch, keys, width],
    [batch, keys, width],
    ...(biasRows > 0 ? [[biasRows, 1, queries, keys]] : []),
  ],
  build: (g, [q, k, v, bias]) => multiHeadAttention(g, [q!, k!, v!], heads, bias),
  expected: ([q, k, v, bias]) => reference.attention([q!, k!, v!], heads, bias),
});

/** Tokens after others that are known, in two sequences, of which the second lacks its third token. */
const causalAttention = (known: number, own: number, part: "output" | "present"): OpCase => ({
  inputs: [[2, own, 24], [72, 24], [72], [2, 2, 3, known, 8]],
  build: (g, [x, weight, bias, past]) => {
    const size = known + own;
    const mask = Array.from({ length: 2 * size }, (_, i) => (i === size + 2 ? 0 : 1));
    const options = { heads: 3, weight: weight!, bias: bias!, mask: g.constant("int32", mask, [2, size]), past: past! };
    return causalSelfAttention(g, x!, options)[part];
  },
  expected: ([x, weight, bias, past]) => {
    const size = known + own;
    const made = reference.matmul(x!, reference.transpose(weight!, [1, 0]));
    const qkv = reference.zip(made, bias!, (a, b) => a + b); // [2, own, 3 * 24]
    const parts = reference.transpose({ dims: [2, own, 3, 3, 8], data: qkv.data }, [2, 0, 3, 1, 4]);
    const present = reference.concat(past!, reference.slice(parts, 0, 1, 3), 3); // [2, 2, 3, size, 8]
    if (part === "present") return present;
    const tokensOf = (index: number): Numbers => {
      const { data } = reference.transpose(reference.slice(present, 0, index, index + 1), [0, 1, 3, 2, 4]);
      return { dims: [2, size, 24], data };
    };
    const biases = Array.from({ length: 2 * own * size }, (_, i) => {
      const [row, token, other] = [Math.floor(i / (own * size)), Math.floor(i / size) % own, i % size];
      return other > known + token || (row === 1 && other === 2) ? -10000 : 0;
    });
    const query = reference.slice(qkv, 2, 0, 24);
    return reference.attention([query, tokensOf(0), tokensOf(1)], 3, { dims: [2, 1, own, size], data: biases });
  },
});

/* Int8 layers: the input is rounded to whole steps first, so that integer and float arithmetic see the same numbers. */
const ZERO_POINT = 120;
const stepOf = (channel: number, scales: number) => (scales === 1 ? 0.25 : 0.1 + 0.05 * (channel % 7));
const weightOf = (i: number) => ((i * 37) % 255) - 127;
const scaleOf = (output: number) => 0.002 * (1 + (output % 3));
const steps = (scales: number) => Array.from({ length: scales }, (_, i) => stepOf(i, scales));
const inSteps = (g: GraphBuilder, x: Value, dims: readonly number[], scales: number) => {
  const step = g.constant("float", steps(scales), dims);
  const whole = g.node("Round", [clip(g, mul(g, x, g.constant("float", [20], [])), -100, 100)], "float", x.dims);
  return mul(g, whole, step);
};
const rounded = (x: Numbers, channelOf: (i: number) => number, scales: number) =>
  reference.map(x, (value, i) => {
    const whole = Math.min(100, Math.max(-100, Math.fround(Math.fround(value) * 20)));
    const floor = Math.floor(whole);
    const isUp = whole - floor > 0.5 || (whole - floor === 0.5 && floor % 2 !== 0);
    return (floor + (isUp ? 1 : 0)) * stepOf(channelOf(i), scales);
  });
const int8Weights = (g: GraphBuilder, dims: readonly number[], scales: number) => ({
  weight: g.constant(
    "int8",
    Array.from({ length: sizeOf(dims) }, (_, i) => weightOf(i)),
    dims,
  ),
  weightScale: g.constant(
    "float",
    Array.from({ length: dims[0]! }, (_, i) => scaleOf(i)),
    [dims[0]!],
  ),
  inputScale: g.constant("float", steps(scales), [scales]),
  inputZeroPoint: g.constant("uint8", [ZERO_POINT], [1]),
});
/** w u / s. */
const floatWeights = (dims: readonly number[], scales: number): Numbers => {
  const per = sizeOf(dims.slice(1));
  const area = sizeOf(dims.slice(2));
  const data = Array.from({ length: sizeOf(dims) }, (_, i) => {
    const channel = Math.floor((i % per) / area);
    return (weightOf(i) * scaleOf(Math.floor(i / per))) / stepOf(channel, scales);
  });
  return { dims: [...dims], data };
};
const int8LinearCase = (x: number[], out: number, scales: number, hasBias = true): OpCase => ({
  inputs: [x, ...(hasBias ? [[out]] : [])],
  build: (g, [x, bias]) => {
    const width = x!.dims.at(-1) as number;
    return int8Linear(g, inSteps(g, x!, [scales], scales), int8Weights(g, [out, width], scales), bias);
  },
  expected: ([x, bias]) => {
    const width = x!.dims.at(-1)!;
    const weight = reference.transpose(floatWeights([out, width], scales), [1, 0]);
    const flat = rounded(x!, (i) => i % width, scales);
    const y = reference.matmul({ dims: [sizeOf(flat.dims) / width, width], data: flat.data }, weight);
    const sum = bias === undefined ? y : reference.zip(y, bias, (a, b) => a + b);
    return { dims: [...x!.dims.slice(0, -1), out], data: sum.data };
  },
});
const int8ConvCase = (x: number[], weight: number[], options: graph.ConvOptions, scales: number): OpCase => {
  const [out, channels] = weight as [number, number];
  const deviation = 73 * 20 * sizeOf(weight.slice(1)) ** 0.5; // of the sums of integers
  return {
    inputs: [x, [out]],
    build: (g, [x, bias]) => {
      const perOutput = (f: (i: number) => number) => Array.from({ length: out }, (_, i) => f(i));
      const range = perOutput((i) => (scaleOf(i) * deviation * 5) / 127);
      const outputScale = g.constant("float", range, [out]);
      const zeroPoints = perOutput((i) => 126 + (i % 5));
      const outputZeroPoint = g.constant("uint8", zeroPoints, [out]);
      const weights = { ...int8Weights(g, weight, scales), outputScale, outputZeroPoint };
      return int8Conv(g, inSteps(g, x!, [scales, 1, 1], scales), weights, bias, options);
    },
    expected: ([x, bias]) => {
      const area = sizeOf(x!.dims.slice(2));
      const input = rounded(x!, (i) => Math.floor(i / area) % channels, scales);
      return reference.conv(input, floatWeights(weight, scales), bias!, options);
    },
    tolerance: INT8_TOLERANCE,
  };
};
/** Half of one of the 255 steps of an output, of which the largest number is 60 or more from zero. */
const INT8_TOLERANCE = 0.5 / 60;

/** The cases by the name of the function of @unclip/graph, and what is special about them. */
export const opCases: Readonly<Record<string, OpCase>> = {
  add: binary(add, (a, b) => a + b, [2, 32, 16, 16]),
  "add: one number for each row and channel": binary(add, (a, b) => a + b, [2, 32, 1, 1]),
  sub: binary(sub, (a, b) => a - b, [32, 1, 1]),
  mul: binary(mul, (a, b) => a * b, [1]),
  div: binary(
    (g, a, b) => div(g, a, exp(g, b)),
    (a, b) => a / Math.exp(b),
    [32, 1, 1],
  ),
  exp: unary(exp, Math.exp),
  clip: unary(
    (g, x) => clip(g, x, -0.5, 1.5),
    (x) => Math.min(Math.max(x, -0.5), 1.5),
  ),
  resizeNearest: {
    inputs: [[2, 3, 4, 6]],
    build: (g, [x]) => resizeNearest(g, x!, [7, 9]),
    expected: ([x]) =>
      reference.resample(x!, [7, 9], ([row, column], at) =>
        at(Math.floor((row * 4) / 7), Math.floor((column * 6) / 9)),
      ),
  },
  sin: unary(
    (g, x) => sin(g, mul(g, x, g.constant("float", [300], [1]))),
    (x) => Math.sin(Math.fround(300 * x)),
  ),
  cos: unary(
    (g, x) => cos(g, mul(g, x, g.constant("float", [300], [1]))),
    (x) => Math.cos(Math.fround(300 * x)),
  ),
  quickGelu: unary(quickGelu, (x) => x * sigmoid(1.702 * x)),
  silu: unary(silu, (x) => x * sigmoid(x)),
  "silu: large numbers": unary(
    (g, x) => silu(g, mul(g, x, g.constant("float", [50], [1]))),
    (x) => 50 * x * sigmoid(50 * x),
  ),
  gelu: unary(gelu, (x) => x * reference.normalDistribution(x)),
  gather: {
    inputs: [[10, 24]],
    build: (g, [x]) => gather(g, x!, g.constant("int64", [3, 9, 0, 3], [2, 2])),
    expected: ([x]) => ({
      dims: [2, 2, 24],
      data: [3, 9, 0, 3].flatMap((row) => x!.data.slice(row * 24, row * 24 + 24)),
    }),
  },
  concat: {
    inputs: [
      [2, 32, 8, 8],
      [2, 16, 8, 8],
    ],
    build: (g, [a, b]) => concat(g, [a!, b!], 1),
    expected: ([a, b]) => reference.concat(a!, b!, 1),
  },
  "concat: sizes that are known when the graph runs": {
    inputs: [
      [1, 5, 8],
      [1, 2, 8],
    ],
    build: (g, [a, b]) => concat(g, [a!, sliceFrom(g, b!, 1, { size: "some" })], 1, "all"),
    expected: ([a, b]) => reference.concat(a!, b!, 1),
  },
  stack: {
    inputs: [
      [2, 24],
      [2, 24],
    ],
    build: (g, [a, b]) => stack(g, [a!, b!]),
    expected: ([a, b]) => ({ dims: [2, 2, 24], data: [...a!.data, ...b!.data] }),
  },
  slice: {
    inputs: [[2, 64, 1, 1]],
    build: (g, [x]) => slice(g, x!, 1, 16, 64),
    expected: ([x]) => reference.slice(x!, 1, 16, 64),
  },
  sizeAlong: {
    inputs: [[3, 7, 5]],
    build: (g, [x]) => sliceFrom(g, x!, 1, { start: sizeAlong(g, x!, 0), size: 4 }),
    expected: ([x]) => reference.slice(x!, 1, 3, 7),
  },
  sliceFrom: {
    inputs: [[2, 9, 8]],
    build: (g, [x]) =>
      sliceFrom(g, x!, 1, { start: g.constant("int64", [-6], [1]), end: g.constant("int64", [-1], [1]), size: 5 }),
    expected: ([x]) => reference.slice(x!, 1, 3, 8),
  },
  reshape: {
    inputs: [[2, 6, 4]],
    build: (g, [x]) => reshape(g, x!, [2, 3, 8]),
    expected: ([x]) => ({ dims: [2, 3, 8], data: x!.data }),
  },
  groupRows: {
    inputs: [
      [6, 8],
      [2, 3, 5],
    ],
    build: (g, [x, like]) => groupRows(g, x!, like!),
    expected: ([x]) => ({ dims: [2, 3, 8], data: x!.data }),
  },
  transpose: {
    inputs: [[2, 32, 64]],
    build: (g, [x]) => transpose(g, x!, [0, 2, 1]),
    expected: ([x]) => reference.transpose(x!, [0, 2, 1]),
  },
  "transpose: four axes": {
    inputs: [[2, 12, 4, 8]],
    build: (g, [x]) => transpose(g, x!, [0, 2, 1, 3]),
    expected: ([x]) => reference.transpose(x!, [0, 2, 1, 3]),
  },
  expandRows: {
    inputs: [
      [1, 3, 8],
      [4, 2],
    ],
    build: (g, [x, like]) => expandRows(g, x!, like!),
    expected: ([x]) => ({ dims: [4, 3, 8], data: Array(4).fill(x!.data).flat() }),
  },
  expand: {
    inputs: [[2, 1, 1, 8]],
    build: (g, [x]) => expand(g, x!, [1, 1, 3, 1]),
    expected: ([x]) => reference.zip({ dims: [1, 1, 3, 1], data: [0, 0, 0] }, x!, (_, value) => value),
  },
  pad: {
    inputs: [[2, 1, 1, 9]],
    build: (g, [x]) => pad(g, x!, 3, [2, 5]),
    expected: ([x]) =>
      reference.concat(
        reference.concat({ dims: [2, 1, 1, 2], data: [0, 0, 0, 0] }, x!, 3),
        { dims: [2, 1, 1, 5], data: Array(10).fill(0) },
        3,
      ),
  },
  gemm: {
    inputs: [[64, 128], [256, 128], [256]],
    build: (g, [x, w, b]) => gemm(g, x!, w!, b!),
    expected: ([x, w, b]) => reference.zip(reference.matmul(x!, reference.transpose(w!, [1, 0])), b!, (a, b) => a + b),
  },
  "gemm: odd sizes, no bias": {
    inputs: [
      [7, 33],
      [13, 33],
    ],
    build: (g, [x, w]) => gemm(g, x!, w!, undefined),
    expected: ([x, w]) => reference.matmul(x!, reference.transpose(w!, [1, 0])),
  },
  matmul: {
    inputs: [
      [3, 24, 33],
      [3, 33, 20],
    ],
    build: (g, [a, b]) => matmul(g, a!, b!),
    expected: ([a, b]) => reference.matmul(a!, b!),
  },
  "matmul: one matrix for all rows": {
    inputs: [
      [16, 36],
      [2, 36, 64],
    ],
    build: (g, [a, b]) => matmul(g, a!, b!),
    expected: ([a, b]) => reference.matmul(a!, b!),
  },
  "matmul: Winograd's products": {
    inputs: [
      [36, 32, 32],
      [2, 36, 32, 16],
    ],
    build: (g, [a, b]) => matmul(g, a!, b!),
    expected: ([a, b]) => reference.matmul(a!, b!),
  },
  int8Linear: int8LinearCase([2, 77, 64], 96, 1),
  "int8Linear: a step for each channel": int8LinearCase([6, 128], 64, 128),
  "int8Linear: no bias": int8LinearCase([3, 5, 32], 16, 32, false),
  int8Conv: int8ConvCase([2, 32, 16, 16], [32, 32, 3, 3], { padding: 1 }, 1),
  "int8Conv: a step for each channel": int8ConvCase([1, 64, 8, 8], [48, 64, 3, 3], { padding: 1 }, 64),
  "int8Conv: stride 2": int8ConvCase([1, 32, 16, 16], [16, 32, 3, 3], { padding: 1, stride: 2 }, 32),
  "int8Conv: kernel 1": int8ConvCase([2, 48, 8, 8], [32, 48, 1, 1], {}, 1),
  conv: convolution([2, 32, 16, 16], [32, 32, 3, 3], { padding: 1 }),
  "conv: without a bias": convolution([1, 4, 8, 8], [8, 4, 3, 3], { padding: 1 }, false),
  ...Object.fromEntries(
    [1, 3, 5, 6, 9, 15].map((channels) => [
      `conv: ${channels} channels`,
      convolution([1, channels, 8, 8], [16, channels, 3, 3], { padding: 1 }),
    ]),
  ),
  "conv: three channels come out": convolution([1, 32, 16, 16], [3, 32, 3, 3], { padding: 1 }),
  "conv: stride 2": convolution([1, 6, 16, 16], [8, 6, 3, 3], { padding: 1, stride: 2 }),
  "conv: patches": convolution([2, 3, 16, 16], [32, 3, 8, 8], { stride: 8 }, false),
  "conv: kernel 1": convolution([2, 48, 8, 8], [32, 48, 1, 1], {}),
  "conv: zeros at the top and the right": convolution([1, 2, 6, 6], [4, 2, 3, 3], { padding: [1, 0, 0, 1] }),
  "conv: Winograd's pieces": convolution([8, 1, 16, 16], [36, 1, 6, 6], { padding: 1, stride: 4 }, false),
  "winogradConv: a small picture": winograd([2, 32, 12, 12], [48, 32]),
  "winogradConv: a picture that is not square, weights in parts": winograd([3, 16, 8, 12], [32, 16], 4),
  "winogradConv: a large picture, weights in parts": winograd([1, 8, 64, 64], [16, 8], 2),
  layerNormalization: {
    inputs: [[2, 32, 160], [160], [160]],
    build: (g, [x, w, b]) => layerNormalization(g, x!, w!, b!, 1e-5),
    expected: ([x, w, b]) =>
      reference.zip(
        reference.zip(reference.normalise(x!, 1e-5), w!, (a, b) => a * b),
        b!,
        (a, b) => a + b,
      ),
  },
  "skipLayerNormalization: the sum": {
    inputs: [[34, 160], [34, 160], [160], [160]],
    build: (g, [x, y, w, b]) => skipLayerNormalization(g, [x!, y!], [w!, b!], 1e-5).sum,
    expected: ([x, y]) => reference.zip(x!, y!, (a, b) => a + b),
  },
  skipLayerNormalization: {
    inputs: [[34, 160], [34, 160], [160], [160]],
    build: (g, [x, y, w, b]) => skipLayerNormalization(g, [x!, y!], [w!, b!], 1e-5).normed,
    expected: ([x, y, w, b]) => {
      const normed = reference.normalise(
        reference.zip(x!, y!, (a, b) => a + b),
        1e-5,
      );
      return reference.zip(
        reference.zip(normed, w!, (a, b) => a * b),
        b!,
        (a, b) => a + b,
      );
    },
  },
  instanceNormalization: {
    inputs: [[2, 8, 1024]],
    build: (g, [x]) => instanceNormalization(g, x!, 1e-5),
    expected: ([x]) => reference.normalise(x!, 1e-5),
  },
  // WebGPU's kernel subtracts squares: with a mean of 100 deviations it is 1e-4 off.
  "instanceNormalization: an odd size, off zero": {
    inputs: [[2, 6, 75]],
    build: (g, [x]) => instanceNormalization(g, add(g, x!, g.constant("float", [10], [1])), 1e-5),
    expected: ([x]) =>
      reference.normalise(
        reference.map(x!, (value) => Math.fround(value + 10)),
        1e-5,
      ),
  },
  averagePool2: {
    inputs: [[2, 16, 12, 8]],
    build: (g, [x]) => averagePool2(g, x!),
    expected: ([x]) =>
      reference.resample(
        x!,
        [6, 4],
        ([row, column], at) =>
          (at(2 * row, 2 * column) +
            at(2 * row + 1, 2 * column) +
            at(2 * row, 2 * column + 1) +
            at(2 * row + 1, 2 * column + 1)) /
          4,
      ),
  },
  upsampleNearest2: {
    inputs: [[2, 16, 6, 4]],
    build: (g, [x]) => upsampleNearest2(g, x!),
    expected: ([x]) => reference.resample(x!, [12, 8], ([row, column], at) => at(row >> 1, column >> 1)),
  },
  multiHeadAttention: attention(64, 100, [2, 128, 4]),
  "multiHeadAttention: a bias for each row": attention(32, 40, [2, 128, 4], 2),
  "multiHeadAttention: one bias for all rows": attention(33, 33, [2, 96, 3], 1),
  "multiHeadAttention: one query": attention(1, 50, [2, 64, 2]),
  "multiHeadAttention: heads of 4": attention(40, 24, [1, 8, 2], 1),
  causalSelfAttention: causalAttention(20, 13, "output"),
  "causalSelfAttention: nothing is known": causalAttention(0, 40, "output"),
  "causalSelfAttention: one token": causalAttention(40, 1, "output"),
  "causalSelfAttention: keys and values": causalAttention(20, 13, "present"),
  causalMask: {
    inputs: [[2, 4, 40, 40]],
    build: (g, [x]) => add(g, x!, causalMask(g, 40)),
    expected: ([x]) => reference.map(x!, (value, i) => value + (i % 40 > Math.floor(i / 40) % 40 ? -10000 : 0)),
  },
  maskBias: {
    inputs: [[2, 9]],
    build: (g, [x]) => maskBias(g, x!),
    expected: ([x]) => ({ dims: [2, 1, 1, 9], data: x!.data.map((value) => (value - 1) * 10000) }),
  },
  timestepEmbedding: {
    inputs: [[2]],
    build: (g, [x]) => timestepEmbedding(g, mul(g, x!, g.constant("float", [999], [1])), 32),
    expected: ([x]) =>
      reference.timestepEmbedding(
        reference.map(x!, (value) => Math.fround(999 * value)),
        32,
      ),
  },
};

/** The numbers that a case computes on. */
export function inputsOf({ inputs }: OpCase): Numbers[] {
  return inputs.map((dims, i) => ({ dims, data: [...(createRandom(i + 1).normal(dims).data as Float32Array)] }));
}

/** A graph that computes a case from the inputs x0, x1, ..., and the shape that it infers for its output y. */
export function graphOf({ inputs, build }: OpCase): { graph: graph.Graph; dims: graph.Dims } {
  const g = graph.createGraphBuilder({ name: "op", checkpoint: graph.createCheckpoint("op", new Map()) });
  const y = build(
    g,
    inputs.map((dims, i) => g.input(`x${i}`, "float", dims)),
  );
  g.output("y", y);
  return { graph: g.finish(), dims: y.dims };
}

/** Fails unless a case gave the shape that was inferred, and every number within its tolerance.
 * @throws Error */
export function checkOp(test: OpCase, got: { dims: readonly number[]; data: ArrayLike<number> }): void {
  const expected = test.expected(inputsOf(test));
  const { dims } = graphOf(test);
  const fits =
    got.dims.join() === expected.dims.join() && dims.every((dim, i) => typeof dim === "string" || dim === got.dims[i]);
  if (!fits) throw new Error(`shape: expected [${expected.dims}], inferred [${dims}], got [${got.dims}]`);
  if (got.data.length !== sizeOf(expected.dims)) throw new Error(`${got.data.length} numbers for [${expected.dims}]`);
  const scale = Math.max(...expected.data.map(Math.abs));
  expected.data.forEach((value, i) => {
    const difference = Math.abs(got.data[i]! - value);
    if (!(difference <= (test.tolerance ?? 1e-5) * scale))
      throw new Error(`number ${i}: expected ${value}, got ${got.data[i]}; the largest is ${scale}`);
  });
}
