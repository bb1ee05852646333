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
  resample(valuesOf(x), wide, { length: fromWidth, inner: 1 }, filterWindows(fromWidth, width, { round: Math.fround }));
  const out = new Float32Array(planes * height * width);
  resample(wide, out, { length: fromHeight, inner: width }, filterWindows(fromHeight, height, { round: Math.fround }));
  return tensor(out, [n, channels, height, width]);
}

/** Options of {@link resizePicture}. */
export interface ResizePictureOptions {
  /** Default "bicubic". */
  readonly filter?: "bicubic" | "lanczos";
  /** Default false. A picture at least twice as large is first averaged over blocks of whole pixels, as few as leave it at least as large
   * as what is wanted: less work, and what Pillow does with reducing_gap=1. */
  readonly reduce?: boolean;
}

/** Resize of an 8-bit picture, equal in every byte to Image.resize((width, height), BICUBIC or LANCZOS) of Pillow 13:
 * the filter in fixed-point arithmetic, rounded and limited to 0..255 after each of the two passes.
 * @param width new width, in pixels
 * @param height new height, in pixels
 * @throws UnclipError "shape" if a size is not a positive integer */
export function resizePicture(
  picture: Picture,
  width: number,
  height: number,
  { filter = "bicubic", reduce = false }: ResizePictureOptions = {},
): Picture {
  checkSizes("resizePicture", [picture.width, picture.height, width, height]);
  if (picture.width === width && picture.height === height) return picture;
  const blocks = { x: blockSide(picture.width, width, reduce), y: blockSide(picture.height, height, reduce) };
  const reduced = blocks.x > 1 || blocks.y > 1 ? averageBlocks(picture, blocks) : picture;
  // the last blocks may not be whole: the picture ends within them
  const seen = { width: picture.width / blocks.x, height: picture.height / blocks.y };
  const toWidth = (one: Picture) => resizeAlong("width", one, width, { filter, seen: seen.width });
  const toHeight = (one: Picture) => resizeAlong("height", one, height, { filter, seen: seen.height });
  const [fewerRows, fewerColumns] = [reduced.height - height, reduced.width - width];
  // Pillow's rule since 13; earlier versions always begin with the horizontal pass, and rounding then differs by a level
  const verticalFirst = fewerRows > 0 && fewerRows > fewerColumns * 2;
  return verticalFirst ? toWidth(toHeight(reduced)) : toHeight(toWidth(reduced));
}

function blockSide(from: number, to: number, reduce: boolean): number {
  return reduce ? Math.max(Math.trunc(from / to), 1) : 1;
}

/** Means of blocks of pixels; those at the right and below may be smaller. */
function averageBlocks(picture: Picture, { x: blockWidth, y: blockHeight }: { x: number; y: number }): Picture {
  const [width, height] = [Math.ceil(picture.width / blockWidth), Math.ceil(picture.height / blockHeight)];
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [left, top] = [(i % width) * blockWidth, Math.floor(i / width) * blockHeight];
    const right = Math.min(left + blockWidth, picture.width);
    data.set(meanColour(picture, { left, right, top, bottom: Math.min(top + blockHeight, picture.height) }), i * 3);
  }
  return { width, height, data };
}

function meanColour(
  { width, data }: Picture,
  { left, right, top, bottom }: { left: number; right: number; top: number; bottom: number },
): number[] {
  const count = (bottom - top) * (right - left);
  const sums = Array<number>(3).fill(Math.floor(count / 2)); // so that cutting rounds
  for (let y = top; y < bottom; y++) {
    const row = data.subarray((y * width + left) * 3, (y * width + right) * 3);
    row.forEach((value, i) => (sums[i % 3]! += value));
  }
  const share = Math.floor(2 ** 24 / count); // Pillow divides by multiplying, in 32 bits
  return sums.map((sum) => Math.floor((sum * share) / 2 ** 24));
}

/** @param seen how far the picture reaches along this side, in its pixels */
function resizeAlong(
  side: "width" | "height",
  picture: Picture,
  size: number,
  { filter, seen }: { readonly filter: keyof typeof FILTERS; readonly seen: number },
): Picture {
  const { width, height, data } = picture;
  const length = picture[side];
  const out = new Uint8Array((data.length / length) * size);
  const inner = side === "width" ? 3 : width * 3;
  const windows = filterWindows(length, size, { filter: FILTERS[filter], seen });
  resample(data, out, { length, inner }, fixedPoint(windows), byteOf);
  return { width, height, [side]: size, data: out };
}

/** The inputs that make one output: those from `start` on, one for each weight. */
interface FilterWindow {
  readonly start: number;
  readonly weights: Float64Array;
}

interface WindowOptions {
  /** Default bicubic. */
  readonly filter?: Filter;
  /** How far the inputs reach, where the last is cut; default all of them. */
  readonly seen?: number;
  /** The precision of positions: float32 in torch, float64 in Pillow, which is the default. */
  readonly round?: (value: number) => number;
}

/** For each of `outSize` outputs its window on `inSize` inputs; the weights of a window sum to 1. */
function filterWindows(inSize: number, outSize: number, options: WindowOptions = {}): FilterWindow[] {
  const { filter = FILTERS.bicubic, seen = inSize, round = (value: number) => value } = options;
  const scale = round(seen / outSize);
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  return Array.from({ length: outSize }, (_, i) => {
    const centre = round(scale * (i + 0.5));
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), inSize);
    const weights = new Float64Array(end - start).map((_, j) => filter.at((j + start - centre + 0.5) * (1 / stretch)));
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

/** Sinc, windowed by a sinc three times as wide. */
function lanczos(offset: number): number {
  return offset >= -3 && offset < 3 ? sinc(offset) * sinc(offset / 3) : 0;
}

function sinc(offset: number): number {
  return offset === 0 ? 1 : Math.sin(offset * Math.PI) / (offset * Math.PI);
}

/** A filter, and how far it reaches to each side. */
interface Filter {
  readonly at: (offset: number) => number;
  readonly support: number;
}

const FILTERS = { bicubic: { at: cubic, support: 2 }, lanczos: { at: lanczos, support: 3 } } as const;

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
