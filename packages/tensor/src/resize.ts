import { UnclipError } from "./errors.js";
import type { Picture } from "./picture.js";
import { tensor, valuesOf, type Tensor } from "./tensor.js";

/** Bicubic resize with antialiasing, as torch's F.interpolate(mode="bicubic", antialias=True, align_corners=False):
 * kernel constant a = -0.5, windows cut at the border and their weights made to sum to 1; first along W, then along H.
 * @param x [N, C, H, W]
 * @param height new H, in pixels
 * @param width new W, in pixels
 * @returns [N, C, height, width]; values overshoot those of x where x has edges
 * @throws UnclipError "shape" if x has not 4 axes, or if a size is not a positive integer */
export function resizeBicubic(x: Tensor, height: number, width: number): Tensor {
  if (x.dims.length !== 4) {
    throw new UnclipError("shape", `resizeBicubic: expected [N, C, H, W], got [${x.dims.join(", ")}]`);
  }
  const [n, channels, fromHeight, fromWidth] = x.dims as [number, number, number, number];
  checkSizes("resizeBicubic", [fromWidth, fromHeight, width, height]);
  const planes = n * channels;
  const wide = new Float32Array(planes * fromHeight * width);
  resample(valuesOf(x), wide, { length: fromWidth, inner: 1 }, filterWindows(fromWidth, width, Math.fround));
  const out = new Float32Array(planes * height * width);
  resample(wide, out, { length: fromHeight, inner: width }, filterWindows(fromHeight, height, Math.fround));
  return tensor(out, [n, channels, height, width]);
}

/** Bicubic resize of an 8-bit picture, equal in every byte to Image.resize((width, height), BICUBIC) of Pillow 13:
 * the filter of {@link resizeBicubic} in fixed-point arithmetic, rounded and limited to 0..255 after each of the two passes.
 * @param width new width, in pixels
 * @param height new height, in pixels
 * @throws UnclipError "shape" if a size is not a positive integer */
export function resizePicture(picture: Picture, width: number, height: number): Picture {
  checkSizes("resizePicture", [picture.width, picture.height, width, height]);
  const [fewerRows, fewerColumns] = [picture.height - height, picture.width - width];
  // Pillow's rule since 13; earlier versions always begin with the horizontal pass, and rounding then differs by a level
  const verticalFirst = fewerRows > 0 && fewerRows > fewerColumns * 2;
  return verticalFirst ? toWidth(toHeight(picture, height), width) : toHeight(toWidth(picture, width), height);
}

function toWidth({ width: length, height, data }: Picture, width: number): Picture {
  const out = new Uint8Array(height * width * 3);
  resample(data, out, { length, inner: 3 }, fixedPoint(filterWindows(length, width)), byteOf);
  return { width, height, data: out };
}

function toHeight({ width, height: length, data }: Picture, height: number): Picture {
  const out = new Uint8Array(height * width * 3);
  resample(data, out, { length, inner: width * 3 }, fixedPoint(filterWindows(length, height)), byteOf);
  return { width, height, data: out };
}

/** The inputs that make one output: those from `start` on, one for each weight. */
interface FilterWindow {
  readonly start: number;
  readonly weights: Float64Array;
}

/** For each of `outSize` outputs its window on `inSize` inputs; the weights of a window sum to 1.
 * @param round the precision of positions: float32 in torch, float64 in Pillow */
function filterWindows(inSize: number, outSize: number, round = (value: number) => value): FilterWindow[] {
  const scale = round(inSize / outSize);
  const stretch = Math.max(scale, 1);
  const support = 2 * stretch;
  return Array.from({ length: outSize }, (_, i) => {
    const centre = round(scale * (i + 0.5));
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), inSize);
    const weights = new Float64Array(end - start).map((_, j) => cubic((j + start - centre + 0.5) * (1 / stretch)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/** Keys' cubic convolution kernel with a = -0.5. */
function cubic(offset: number): number {
  const a = -0.5;
  const x = Math.abs(offset);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Pillow keeps a weight as an integer, in units of 2^-22: a product with a byte and the sum of a window fit 32 bits. */
const PRECISION_BITS = 32 - 8 - 2;

function fixedPoint(windows: readonly FilterWindow[]): FilterWindow[] {
  const fixed = (weight: number) => Math.trunc(weight * 2 ** PRECISION_BITS + (weight < 0 ? -0.5 : 0.5));
  return windows.map(({ start, weights }) => ({ start, weights: weights.map(fixed) }));
}

function byteOf(sum: number): number {
  const value = (sum + 2 ** (PRECISION_BITS - 1)) >> PRECISION_BITS;
  return Math.min(Math.max(value, 0), 255);
}

/** One pass, along the middle axis of source [outer, length, inner].
 * @param store what is stored for a window's weighted sum */
function resample<T extends Float32Array | Uint8Array>(
  source: T,
  out: T,
  { length, inner }: { length: number; inner: number },
  windows: readonly FilterWindow[],
  store = (sum: number) => sum,
): void {
  let at = 0;
  for (let row = 0; row < source.length; row += length * inner) {
    for (const { start, weights } of windows) {
      const first = row + start * inner;
      for (let k = 0; k < inner; k++) out[at++] = store(weightedSum(source, first + k, inner, weights));
    }
  }
}

function weightedSum(source: Float32Array | Uint8Array, first: number, stride: number, weights: Float64Array): number {
  let sum = 0;
  for (let j = 0, i = first; j < weights.length; j++, i += stride) sum += source[i]! * weights[j]!;
  return sum;
}

function checkSizes(where: string, sizes: readonly number[]): void {
  const wrong = sizes.find((size) => !Number.isInteger(size) || size < 1);
  if (wrong !== undefined)
    throw new UnclipError("shape", `${where}: expected sizes of whole pixels, at least 1, got ${wrong}`);
}
