import { shapeError, type GraphBuilder, type Value } from "./builder.js";
import { convShape, type ConvOptions } from "./conv-shape.js";
import { dimSum, type Dim, type Dims } from "./onnx.js";

/* One function an operator: it checks shapes where it is called and infers the shape of its result. */

/** a + b, broadcast. */
export const add = (g: GraphBuilder, a: Value, b: Value) => g.node("Add", [a, b], a.type, broadcast("add", a, b));

/** a - b, broadcast. */
export const sub = (g: GraphBuilder, a: Value, b: Value) => g.node("Sub", [a, b], a.type, broadcast("sub", a, b));

/** a * b, broadcast. */
export const mul = (g: GraphBuilder, a: Value, b: Value) => g.node("Mul", [a, b], a.type, broadcast("mul", a, b));

/** a / b, broadcast. */
export const div = (g: GraphBuilder, a: Value, b: Value) => g.node("Div", [a, b], a.type, broadcast("div", a, b));

export const sin = (g: GraphBuilder, x: Value) => g.node("Sin", [x], x.type, x.dims);
export const cos = (g: GraphBuilder, x: Value) => g.node("Cos", [x], x.type, x.dims);

export const exp = (g: GraphBuilder, x: Value) => g.node("Exp", [x], x.type, x.dims);

/** x limited to [low, high]. */
export const clip = (g: GraphBuilder, x: Value, low: number, high: number) =>
  g.node("Clip", [x, g.constant("float", [low], []), g.constant("float", [high], [])], x.type, x.dims);

/** x sigmoid(alpha x) in one pass over the data. */
export function quickGelu(g: GraphBuilder, x: Value, alpha = 1.702): Value {
  return g.node("QuickGelu", [x], x.type, x.dims, { domain: "com.microsoft", attributes: { alpha: { float: alpha } } });
}

/** x sigmoid(x). */
export const silu = (g: GraphBuilder, x: Value) => quickGelu(g, x, 1);

/** x Φ(x), exact. */
export const gelu = (g: GraphBuilder, x: Value) => g.node("Gelu", [x], x.type, x.dims, { domain: "com.microsoft" });

/** The rows of `table` [V, D] that `ids` [...] names: [..., D]. */
export function gather(g: GraphBuilder, table: Value, ids: Value): Value {
  return g.node("Gather", [table, ids], table.type, [...ids.dims, ...table.dims.slice(1)], { attributes: { axis: 0 } });
}

/** Values joined along `axis`.
 * @param size what their sizes along it add up to, where some of them are known only when the graph runs */
export function concat(g: GraphBuilder, values: readonly Value[], axis: number, size?: Dim): Value {
  const first = values[0]!;
  const sizes = values.map((value) => value.dims[axis]);
  const fits = values.every(
    (value) =>
      value.dims.length === first.dims.length && value.dims.every((dim, i) => i === axis || dim === first.dims[i]),
  );
  const isKnown = sizes.every((size) => typeof size === "number");
  if (!fits || (size === undefined && !isKnown)) {
    throw shapeError("concat", `shapes that agree but for axis ${axis}`, ...values);
  }
  const joined = isKnown ? sizes.reduce((sum, each) => sum + each, 0) : size!;
  return g.node("Concat", values, first.type, first.dims.with(axis, joined), { attributes: { axis } });
}

/** Values of one shape under a new first axis: [values, ...]. */
export function stack(g: GraphBuilder, values: readonly Value[]): Value {
  const axes = g.constant("int64", [0], [1]);
  const layers = values.map((value) => g.node("Unsqueeze", [value, axes], value.type, [1, ...value.dims]));
  return concat(g, layers, 0);
}

/** Elements [start, end) of `axis`. */
export function slice(g: GraphBuilder, x: Value, axis: number, start: number, end: number): Value {
  const size = x.dims[axis];
  if (typeof size !== "number" || start < 0 || end > size)
    throw shapeError("slice", `axis ${axis} to hold [${start}, ${end})`, x);
  const one = (value: number) => g.constant("int64", [value], [1]);
  return g.node("Slice", [x, one(start), one(end), one(axis)], x.type, x.dims.with(axis, end - start));
}

/** How many elements a value has along one of its axes, for an operator that needs to know when the graph runs: [1]. */
export function sizeAlong(g: GraphBuilder, x: Value, axis: number): Value {
  return g.node("Shape", [x], "int64", [1], { attributes: { start: axis, end: axis + 1 } });
}

/** The elements [start, end) of `axis`, where these are known only when the graph runs.
 * @param start [1], int64; 0 if left out. Negative ones count from the end, as those of `end` do
 * @param end [1], int64; the end if left out
 * @param size how many that is */
export function sliceFrom(
  g: GraphBuilder,
  x: Value,
  axis: number,
  { start, end, size }: { start?: Value; end?: Value; size: Dim },
): Value {
  const one = (value: number) => g.constant("int64", [value], [1]);
  const bounds = [start ?? one(0), end ?? one(Number.MAX_SAFE_INTEGER)];
  return g.node("Slice", [x, ...bounds, one(axis)], x.type, x.dims.with(axis, size));
}

/** The same elements under another shape. A named dimension stays where it is, or is worked out by the runtime (one at most). */
export function reshape(g: GraphBuilder, x: Value, dims: Dims): Value {
  const [before, after] = [knownSize(x.dims), knownSize(dims)];
  const target = dims.map((dim, i) => (typeof dim === "number" ? dim : x.dims[i] === dim ? 0 : -1));
  const unknown = target.filter((dim) => dim === -1).length;
  const bothStatic = [...x.dims, ...dims].every((dim) => typeof dim === "number");
  if (unknown > 1 || (bothStatic && before !== after))
    throw shapeError("reshape", `a shape that fits [${dims.join(", ")}]`, x);
  return g.node("Reshape", [x, g.constant("int64", target, [target.length])], x.type, dims);
}

/** The rows of x [A * B, C] in groups: [A, B, C], where A and B are the first sizes of `like`, known when the graph runs. */
export function groupRows(g: GraphBuilder, x: Value, like: Value): Value {
  const lead = g.node("Shape", [like], "int64", [2], { attributes: { start: 0, end: 2 } });
  const width = g.constant("int64", [x.dims[1] as number], [1]);
  const target = g.node("Concat", [lead, width], "int64", [3], { attributes: { axis: 0 } });
  return g.node("Reshape", [x, target], x.type, [like.dims[0]!, like.dims[1]!, x.dims[1]!]);
}

/** Axes in another order. */
export function transpose(g: GraphBuilder, x: Value, order: readonly number[]): Value {
  return g.node(
    "Transpose",
    [x],
    x.type,
    order.map((axis) => x.dims[axis]!),
    { attributes: { perm: order } },
  );
}

/** One row, [1, ...], repeated for each row of `like` [N, ...]: [N, ...]. */
export function expandRows(g: GraphBuilder, x: Value, like: Value): Value {
  const rows = g.node("Shape", [like], "int64", [1], { attributes: { start: 0, end: 1 } });
  const rest = g.constant("int64", Array<number>(x.dims.length - 1).fill(1), [x.dims.length - 1]);
  const dims = g.node("Concat", [rows, rest], "int64", [x.dims.length], { attributes: { axis: 0 } });
  return g.node("Expand", [x, dims], x.type, [like.dims[0]!, ...x.dims.slice(1)]);
}

/** x with axes of size 1 repeated to the sizes of `dims`; 1 leaves an axis as it is. */
export function expand(g: GraphBuilder, x: Value, dims: readonly number[]): Value {
  const grown = x.dims.map((dim, i) => (dims[i] === 1 ? dim : dims[i]!));
  if (x.dims.some((dim, i) => dims[i] !== 1 && dim !== 1))
    throw shapeError("expand", `axes of size 1 where [${dims.join(", ")}] grows`, x);
  return g.node("Expand", [x, g.constant("int64", dims, [dims.length])], x.type, grown);
}

/** x with zeros added before and after along `axis`. */
export function pad(g: GraphBuilder, x: Value, axis: number, [before, after]: readonly [number, number]): Value {
  const grown = dimSum(x.dims[axis]!, before + after);
  const rank = x.dims.length;
  const pads = Array.from({ length: 2 * rank }, (_, i) => (i === axis ? before : i === rank + axis ? after : 0));
  return g.node("Pad", [x, g.constant("int64", pads, [2 * rank])], x.type, x.dims.with(axis, grown));
}

/** a weight^T + bias for a [M, K] and a weight stored [N, K], as torch stores linear layers: [M, N]. */
export function gemm(g: GraphBuilder, a: Value, weight: Value, bias: Value | undefined): Value {
  if (a.dims.length !== 2 || a.dims[1] !== weight.dims[1])
    throw shapeError("gemm", "[M, K] and a weight [N, K]", a, weight);
  return g.node("Gemm", [a, weight, bias], a.type, [a.dims[0]!, weight.dims[0]!], { attributes: { transB: 1 } });
}

/** Matrix products of a [..., M, K] and b [..., K, N]: [..., M, N]. One of them may lack leading axes: it meets each matrix of the other. */
export function matmul(g: GraphBuilder, a: Value, b: Value): Value {
  if (a.dims.at(-1) !== b.dims.at(-2)) throw shapeError("matmul", "[..., M, K] and [..., K, N]", a, b);
  const lead = (a.dims.length < b.dims.length ? b : a).dims.slice(0, -2);
  return g.node("MatMul", [a, b], a.type, [...lead, a.dims.at(-2)!, b.dims.at(-1)!]);
}

/** Convolution of x [N, C, H, W] with weight [O, C, k, k]: [N, O, H', W']. */
export function conv(
  g: GraphBuilder,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  options: ConvOptions = {},
): Value {
  const { dims, attributes } = convShape(x, weight.dims, options);
  const [, channels] = x.dims as [Dim, number];
  const out = weight.dims[0] as number;
  const added = channelsToAdd(channels, out);
  const padded = [x, weight].map((value) => (added === 0 ? value : pad(g, value, 1, [0, added])));
  const offset = bias ?? g.constant("float", Array<number>(out).fill(0), [out]); // without one, WebGPU's kernel reads address 0
  return g.node("Conv", [...padded, offset], x.type, dims, { attributes });
}

/** Channels of zeros that a convolution needs: ONNX Runtime 1.30 computes 6, 9 or 15 channels wrong on WebGPU if it makes a multiple of 4. */
function channelsToAdd(channels: number, out: number): number {
  const isWrong = channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && out % 4 === 0;
  return isWrong ? 4 - (channels % 4) : 0;
}

/** (x - mean) / sqrt(variance + epsilon) over the last axis, times weight plus bias. */
export function layerNormalization(g: GraphBuilder, x: Value, weight: Value, bias: Value, epsilon: number): Value {
  if (x.dims.at(-1) !== weight.dims[0])
    throw shapeError("layerNormalization", "a weight as long as the last axis", x, weight);
  return g.node("LayerNormalization", [x, weight, bias], x.type, x.dims, {
    attributes: { axis: -1, epsilon: { float: epsilon } },
  });
}

/** (x - mean) / sqrt(variance + epsilon) of x [N, G, L] over L. */
export function instanceNormalization(g: GraphBuilder, x: Value, epsilon: number): Value {
  const groups = x.dims[1] as number;
  const [one, zero] = [1, 0].map((value) => g.constant("float", Array<number>(groups).fill(value), [groups])) as [
    Value,
    Value,
  ];
  return g.node("InstanceNormalization", [x, one, zero], x.type, x.dims, {
    attributes: { epsilon: { float: epsilon } },
  });
}

/** Mean of each 2x2 square: [N, C, H/2, W/2]. */
export function averagePool2(g: GraphBuilder, x: Value): Value {
  return g.node("AveragePool", [x], x.type, scaled(x, 0.5), { attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
}

/** Each pixel as a 2x2 square: [N, C, 2H, 2W]. */
export function upsampleNearest2(g: GraphBuilder, x: Value): Value {
  const scales = g.constant("float", [1, 1, 2, 2], [4]);
  const attributes = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  return g.node("Resize", [x, undefined, scales], x.type, scaled(x, 2), { attributes });
}

/** Pixels of x [N, C, h, w] taken from the nearest place of another size: [N, C, height, width]. */
export function resizeNearest(g: GraphBuilder, x: Value, [height, width]: readonly [number, number]): Value {
  const [n, channels, h, w] = x.dims as [Dim, number, Dim, Dim];
  if (typeof h !== "number" || typeof w !== "number")
    throw shapeError("resizeNearest", "a height and width that are known", x);
  if (h === height && w === width) return x;
  const sizes = g.constant("int64", [height, width], [2]);
  const attributes = {
    axes: [2, 3],
    mode: "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  };
  return g.node("Resize", [x, undefined, undefined, sizes], x.type, [n, channels, height, width], { attributes });
}

/** Tokens beyond which attention is refused: the scores of one head then take 4 GB. */
const MAX_ATTENTION = 2 ** 15;

/** softmax(q k^T / sqrt(C / heads) + bias) v, per head.
 * @param q [N, L, C]
 * @param k [N, S, C]
 * @param v [N, S, C]
 * @param bias added to the scores: [1 or N, 1, L, S]
 * @returns [N, L, C] */
export function multiHeadAttention(
  g: GraphBuilder,
  [q, k, v]: readonly [Value, Value, Value],
  heads: number,
  bias?: Value,
): Value {
  const scores = [q.dims[1], k.dims[1]];
  if (q.dims.length !== 3 || k.dims.join() !== v.dims.join() || q.dims[2] !== k.dims[2]) {
    throw shapeError("multiHeadAttention", "[N, L, C], [N, S, C] and [N, S, C]", q, k, v);
  }
  if ((q.dims[2] as number) % heads !== 0) throw shapeError("multiHeadAttention", `a width in ${heads} equal heads`, q);
  if (scores.some((length) => typeof length === "number" && length > MAX_ATTENTION)) {
    throw shapeError("multiHeadAttention", `at most ${MAX_ATTENTION} tokens`, q, k);
  }
  if (bias !== undefined && bias.dims.slice(2).join() !== scores.join()) {
    throw shapeError("multiHeadAttention", `a bias [1 or N, 1, ${scores.join(", ")}]`, bias);
  }
  const inputs = [q, k, v, undefined, undefined, ...(bias === undefined ? [] : [bias])];
  return g.node("MultiHeadAttention", inputs, q.type, q.dims, {
    domain: "com.microsoft",
    attributes: { num_heads: heads, scale: { float: 1 / Math.sqrt((q.dims[2] as number) / heads) } },
  });
}

/** What {@link causalSelfAttention} takes beside the tokens. */
export interface CausalSelfAttention {
  readonly heads: number;
  /** Of the product that makes q, k and v, as torch stores it: [3 C, C]. */
  readonly weight: Value;
  /** [3 C]. */
  readonly bias: Value;
  /** 1 for a token that counts, known ones first: [N, S], int32. */
  readonly mask: Value;
  /** Keys and values of the P tokens before those of x: [2, N, heads, P, C / heads]. */
  readonly past: Value;
}

/** softmax(q k^T / sqrt(C / heads)) v, per head, where each token sees itself and those before it that count. The product that makes q, k and v
 * belongs to it: one operator does everything, and writes keys and values once.
 * @param x tokens, [N, S - P, C]
 * @returns what they read, [N, S - P, C], and `present`, keys and values of all S tokens, [2, N, heads, S, C / heads] */
export function causalSelfAttention(
  g: GraphBuilder,
  x: Value,
  { heads, weight, bias, mask, past }: CausalSelfAttention,
): { output: Value; present: Value } {
  const [n, , width] = x.dims as [Dim, Dim, number];
  if (x.dims.length !== 3 || weight.dims.join() !== [3 * width, width].join() || bias.dims.join() !== `${3 * width}`) {
    throw shapeError("causalSelfAttention", "[N, L, C], [3 C, C] and [3 C]", x, weight, bias);
  }
  const expected = [2, n, heads, past.dims[3]!, width / heads];
  if (past.dims.join() !== expected.join()) {
    throw shapeError("causalSelfAttention", `keys and values [${expected.join(", ")}]`, past);
  }
  const [output, present] = g.nodeWith(
    "Attention",
    [x, transpose(g, weight, [1, 0]), bias, mask, past],
    "float",
    [x.dims, past.dims.with(3, mask.dims[1]!)],
    { domain: "com.microsoft", attributes: { num_heads: heads, unidirectional: 1 } },
  );
  return { output, present };
}

/** a + b and its layer normalisation over the last axis, in one node. */
export function skipLayerNormalization(
  g: GraphBuilder,
  [a, b]: readonly [Value, Value],
  [weight, bias]: readonly [Value, Value],
  epsilon: number,
): { sum: Value; normed: Value } {
  if (a.dims.join() !== b.dims.join() || a.dims.at(-1) !== weight.dims[0])
    throw shapeError("skipLayerNormalization", "two values of one shape and a weight as long as the last axis", a, b);
  const [normed, , , sum] = g.nodeWith(
    "SkipLayerNormalization",
    [a, b, weight, bias],
    "float",
    [a.dims, [1], [1], a.dims], // mean and deviation are for training
    { domain: "com.microsoft", attributes: { epsilon: { float: epsilon } } },
  );
  return { sum, normed };
}

function scaled(x: Value, factor: number): Dims {
  const [n, channels, ...area] = x.dims as [Dim, Dim, ...Dim[]];
  return [
    n,
    channels,
    ...area.map((dim) => {
      if (typeof dim !== "number" || !Number.isInteger(dim * factor))
        throw shapeError("resampling", "an even height and width", x);
      return dim * factor;
    }),
  ];
}

function broadcast(op: string, a: Value, b: Value): Dims {
  const rank = Math.max(a.dims.length, b.dims.length);
  const padded = (value: Value): Dim[] => [...Array<Dim>(rank - value.dims.length).fill(1), ...value.dims];
  const other = padded(b);
  return padded(a).map((dim, i) => {
    const second = other[i]!;
    if (dim === second || second === 1) return dim;
    if (dim === 1) return second;
    throw shapeError(op, "shapes that broadcast", a, b);
  });
}

function knownSize(dims: Dims): number {
  return dims.reduce<number>((product, dim) => (typeof dim === "number" ? product * dim : product), 1);
}
