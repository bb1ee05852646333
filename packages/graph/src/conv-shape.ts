import { shapeError, type Value } from "./builder.js";
import type { Dim, Dims } from "./onnx.js";

/** Options of a convolution. */
export interface ConvOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on each side, or at the top, left, bottom and right; default 0. */
  readonly padding?: number | readonly [number, number, number, number];
}

/** The shape of a convolution's result, [N, O, H', W'], and the operator's attributes. */
export function convShape(x: Value, weight: Dims, { stride = 1, padding = 0 }: ConvOptions) {
  const [n, channels, height, width] = x.dims as [Dim, Dim, Dim, Dim];
  const [out, expected, kernel] = weight as [number, number, number];
  if (x.dims.length !== 4 || channels !== expected)
    throw shapeError("conv", `[N, C, H, W] for a weight [${weight.join(", ")}]`, x);
  const pads = typeof padding === "number" ? Array<number>(4).fill(padding) : padding;
  const size = (dim: Dim, zeros: number) => {
    if (typeof dim !== "number") throw shapeError("conv", "a height and width that are known", x);
    return Math.floor((dim + zeros - kernel) / stride) + 1;
  };
  return {
    dims: [n, out, size(height, pads[0]! + pads[2]!), size(width, pads[1]! + pads[3]!)],
    attributes: { kernel_shape: [kernel, kernel], strides: [stride, stride], pads },
  };
}
