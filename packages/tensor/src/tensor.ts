import { Tensor as OrtTensor, type TypedTensor } from "onnxruntime-common";
import { checkArgument } from "./check-argument.js";
import { UnclipError } from "./errors.js";

/** A dense float32 array in row-major order with its shape; the tensor that packages exchange. */
export type Tensor = TypedTensor<"float32">;

/** A tensor over `data`, which is not copied.
 * @throws UnclipError "shape" if `data` does not hold exactly the product of `dims` */
export function tensor(data: Float32Array, dims: readonly number[]): Tensor {
  const size = sizeOf(dims);
  if (data.length !== size) {
    throw new UnclipError("shape", `tensor: [${dims.join(", ")}] needs ${size} values, got ${data.length}`);
  }
  return new OrtTensor("float32", data as Float32Array<ArrayBuffer>, dims);
}

/** The float32 values of `x`, not copied. */
export function valuesOf(x: Tensor): Float32Array {
  return x.data as Float32Array;
}

/** The number of elements of a shape. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** A tensor of `dims` filled with `value`. */
export function filled(dims: readonly number[], value: number): Tensor {
  return tensor(new Float32Array(sizeOf(dims)).fill(value), dims);
}

/** f over every element: a new tensor of the same shape. */
export function map(x: Tensor, f: (value: number) => number): Tensor {
  return tensor(valuesOf(x).map(f), x.dims);
}

/** f over the elements of two tensors of the same shape.
 * @throws UnclipError "shape" if the shapes differ */
export function zip(a: Tensor, b: Tensor, f: (a: number, b: number) => number): Tensor {
  checkDims("zip", b, a.dims);
  const [x, y] = [valuesOf(a), valuesOf(b)];
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = f(x[i]!, y[i]!);
  return tensor(out, a.dims);
}

/** Rows [start, end) along the first axis, copied. */
export function rows(x: Tensor, start: number, end: number): Tensor {
  const stride = sizeOf(x.dims.slice(1));
  return tensor(valuesOf(x).slice(start * stride, end * stride), [end - start, ...x.dims.slice(1)]);
}

/** Tensors joined along the first axis.
 * @throws UnclipError "shape" if the other axes differ */
export function concatRows(tensors: readonly Tensor[]): Tensor {
  const rest = tensors[0]!.dims.slice(1);
  const count = tensors.reduce((n, x) => n + x.dims[0]!, 0);
  const out = new Float32Array(count * sizeOf(rest));
  let at = 0;
  for (const x of tensors) {
    checkDims("concatRows", x, [x.dims[0]!, ...rest]);
    out.set(valuesOf(x), at);
    at += x.data.length;
  }
  return tensor(out, [count, ...rest]);
}

/** Each row `times` times in a row: a, a, b, b. */
export function repeatRows(x: Tensor, times: number): Tensor {
  const each = Array.from({ length: x.dims[0]! }, (_, row) => rows(x, row, row + 1));
  return concatRows(each.flatMap((row) => Array<Tensor>(times).fill(row)));
}

/** Channels split in two along axis 1 at channel `at`: [N, at, ...] and [N, C - at, ...]. */
export function splitChannels(x: Tensor, at: number): [Tensor, Tensor] {
  const [n, channels, ...rest] = x.dims as [number, number, ...number[]];
  const area = sizeOf(rest);
  const parts = [at, channels - at].map((count) => new Float32Array(n * count * area)) as [Float32Array, Float32Array];
  for (let row = 0; row < n; row++) {
    const values = valuesOf(x).subarray(row * channels * area, (row + 1) * channels * area);
    parts[0].set(values.subarray(0, at * area), row * at * area);
    parts[1].set(values.subarray(at * area), row * (channels - at) * area);
  }
  return [tensor(parts[0], [n, at, ...rest]), tensor(parts[1], [n, channels - at, ...rest])];
}

/** Channels joined along axis 1: [N, C1, ...] and [N, C2, ...] give [N, C1 + C2, ...]. */
export function concatChannels(a: Tensor, b: Tensor): Tensor {
  const [n, , ...rest] = a.dims as [number, number, ...number[]];
  checkDims("concatChannels", b, [n, b.dims[1]!, ...rest]);
  const [sizeA, sizeB] = [a.data.length / n, b.data.length / n];
  const out = new Float32Array(a.data.length + b.data.length);
  for (let row = 0; row < n; row++) {
    out.set(valuesOf(a).subarray(row * sizeA, (row + 1) * sizeA), row * (sizeA + sizeB));
    out.set(valuesOf(b).subarray(row * sizeB, (row + 1) * sizeB), row * (sizeA + sizeB) + sizeA);
  }
  return tensor(out, [n, a.dims[1]! + b.dims[1]!, ...rest]);
}

/** Values limited to [low, high]. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  return map(x, (value) => Math.min(Math.max(value, low), high));
}

/** Throws unless `x` has exactly the shape `dims`.
 * @param where the name of the argument, for the message
 * @param hint the likely cure, added to the message
 * @throws UnclipError "shape", or "input" if `x` is no tensor */
export function checkDims(where: string, x: Tensor, dims: readonly number[], hint?: string): void {
  checkArgument(where, x, ["dims", "data"], `a tensor [${dims.join(", ")}]`);
  if (x.dims.length === dims.length && x.dims.every((dim, i) => dim === dims[i])) return;
  const cure = hint === undefined ? "" : `; ${hint}`;
  throw new UnclipError("shape", `${where}: expected [${dims.join(", ")}], got [${x.dims.join(", ")}]${cure}`);
}
