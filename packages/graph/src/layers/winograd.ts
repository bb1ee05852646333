import type { GraphBuilder, Value } from "../builder.js";
import type { Dim } from "../onnx.js";
import { add, concat, conv, matmul, reshape, slice, sub, transpose } from "../ops.js";

/* Winograd's F(4x4, 3x3): 4x4 results of a 3x3 convolution from 36 multiplications for each pair of channels, not 144.
 * Y = A^T [(G g G^T) * (B^T d B)] A for a kernel g and a 6x6 piece d of the picture. */

type Matrix = readonly (readonly number[])[];

const B_T: Matrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const G: Matrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const A: Matrix = [
  [1, 0, 0, 0],
  [1, 1, 1, 1],
  [1, -1, 1, -1],
  [1, 2, 4, 8],
  [1, -2, 4, -8],
  [0, 0, 0, 1],
];

/** The matrix that a two-dimensional transform applies to a square of numbers laid out in a row: the Kronecker product of `m` with itself. */
function squared(m: Matrix): readonly number[] {
  return m.flatMap((a) => m.flatMap((b) => a.flatMap((left) => b.map((right) => left * right))));
}

const KERNEL_TO_POINTS = squared(G);
const PIECE_TO_POINTS = squared(B_T);
const POINTS_TO_PIXELS = squared(A); // from the right

/** Pixels of a tile's side. */
const TILE = 4;
/** Numbers of a tile between the transforms. */
const POINTS = 36;
/** Below that many channels the transforms cost more than they save. */
const MIN_CHANNELS = 128;
/** Below that many pixels there are too few tiles to pay for the transform of the weights. */
const MIN_PIXELS = 144;

/** What the transformed weights of a layer may take at a time, in bytes; those of a wider layer are made and used in parts of its output channels. */
const PART_BYTES = 32 * 2 ** 20;

/** What the numbers between the transforms of one picture may take, in bytes; a larger picture is computed in bands of rows. */
const MIN_BAND_BYTES = 64 * 2 ** 20;
/** The same for pictures that would have more than {@link MANY_BANDS} bands otherwise: every band is a dozen nodes, and nodes take time to open. */
const MAX_BAND_BYTES = 256 * 2 ** 20;
const MANY_BANDS = 4;

/** Below that many tiles in a band, those of all pictures are multiplied at once: each matrix of weights is read once, but the picture is put in order
 * on one thread. */
const MANY_TILES = 256;

/** Whether {@link winogradConv} takes x and is worth it. */
export function suitsWinograd(x: Value, out: number): boolean {
  const [, channels, height, width] = x.dims as [Dim, number, number, number];
  const isTiled = height % TILE === 0 && width % TILE === 0 && channels % 4 === 0; // WebGPU has other numbers of channels padded
  return isTiled && height * width >= MIN_PIXELS && Math.min(channels, out) >= MIN_CHANNELS;
}

/** The output channels of a layer in as many equal parts as keep the transformed weights of one within {@link PART_BYTES}. */
export function winogradParts(channels: number, out: number): (readonly [start: number, end: number])[] {
  let size = out;
  while (size * channels * POINTS * 4 > PART_BYTES && size % 2 === 0) size /= 2;
  return Array.from({ length: out / size }, (_, i) => [i * size, (i + 1) * size]);
}

/** Convolution of x [N, C, H, W] with a kernel of 3x3, stride 1, padding 1: [N, O, H, W].
 * Float32 rounding is several times that of the plain sum.
 * @param kernels as torch stores them, [O, C, 3, 3], but given as [1, 1, O, 9 C], in parts of O
 * @param bias [1, O, 1, 1]
 * @see Lavin and Gray 2016 (arXiv:1509.09308) section 4.3 */
export function winogradConv(g: GraphBuilder, x: Value, kernels: readonly Value[], bias: Value): Value {
  const [, channels, height, width] = x.dims as [Dim, number, number, number];
  const transform = add(g, g.constant("float", KERNEL_TO_POINTS, [POINTS, 1, 1, 9]), nothing(g, x));
  const weights = kernels.map((part) => transformedWeights(g, part, transform));
  const toPoints = g.constant("float", PIECE_TO_POINTS, [POINTS, 1, 6, 6]);
  const toPixels = g.constant("float", POINTS_TO_PIXELS, [POINTS, TILE * TILE]);
  const rows = bandRows(channels, height, width);
  const bands = Array.from({ length: height / rows }, (_, i) =>
    convBand(g, x, { toPoints, weights, toPixels }, { start: i * rows, end: (i + 1) * rows }),
  );
  const sums = bands.length === 1 ? bands[0]! : concat(g, bands, 2);
  const parts = kernels.map(({ name }) => name);
  const out = bias.dims[1] as number;
  return g.node("Add", [sums, bias], "float", sums.dims, {
    winograd: { x: x.name, kernels: parts, bias: bias.name, channels: [out, channels] },
  });
}

/** G g G^T of each kernel: [36, O, C] from [1, 1, O, 9 C]. As a convolution it reads the weights where they lie in their file; of a matrix that it
 * multiplies with, the runtime makes a copy. */
function transformedWeights(g: GraphBuilder, kernels: Value, transform: Value): Value {
  const [, , out, width] = kernels.dims as [number, number, number, number];
  const zeros = g.constant("float", Array<number>(POINTS).fill(0), [POINTS]);
  const attributes = { kernel_shape: [1, 9], strides: [1, 9] };
  const points = g.node("Conv", [kernels, transform, zeros], "float", [1, POINTS, out, width / 9], { attributes });
  return reshape(g, points, [POINTS, out, width / 9]);
}

/** Zero, [1, 1, 1, 1], but only when the graph runs. With it the weights are transformed in each run, which takes little beside their layer. The runtime
 * would do it when it opens the network otherwise, and keep four times the weights in memory. */
function nothing(g: GraphBuilder, x: Value): Value {
  const [first, after] = [0, 1].map((place) => g.constant("int64", Array<number>(4).fill(place), [4]));
  const number = g.node("Slice", [x, first, after], "float", [1, 1, 1, 1]);
  return sub(g, number, number);
}

/** Rows of a band, at least one row of tiles. */
function bandRows(channels: number, height: number, width: number): number {
  const rowBytes = (4 * channels * width * POINTS) / TILE ** 2;
  const bandBytes = Math.max(MIN_BAND_BYTES, Math.min(MAX_BAND_BYTES, (height * rowBytes) / MANY_BANDS));
  let rows = height;
  while (rows * rowBytes > bandBytes && rows % (2 * TILE) === 0) rows /= 2;
  return rows;
}

/** What a picture is multiplied with on its way. */
interface Matrices {
  /** The transform of its pieces: [36, 1, 6, 6]. */
  readonly toPoints: Value;
  /** The transformed weights in parts of O: [36, O, C]. */
  readonly weights: readonly Value[];
  /** The transform back: [36, 16]. */
  readonly toPixels: Value;
}

/** Rows [start, end) of the result, without the bias. */
function convBand(
  g: GraphBuilder,
  x: Value,
  { toPoints, weights, toPixels }: Matrices,
  { start, end }: { start: number; end: number },
): Value {
  const [n, channels, height, width] = x.dims as [Dim, number, number, number];
  const out = weights.reduce((sum, { dims }) => sum + (dims[1] as number), 0);
  const [top, bottom] = [start === 0 ? 1 : 0, end === height ? 1 : 0]; // zeros; inside the picture stand the neighbours' rows
  const rows = (end - start) / TILE;
  const tiles = rows * (width / TILE);
  const seen = top && bottom ? x : slice(g, x, 2, start - 1 + top, end + 1 - bottom);

  const planes = reshape(g, seen, [times(n, channels), 1, seen.dims[2]!, width]);
  const padding = [top, 1, bottom, 1] as const;
  const pieces = reshape(g, conv(g, planes, toPoints, undefined, { stride: TILE, padding }), [
    n,
    channels,
    POINTS,
    tiles,
  ]);
  const multiply = (v: Value) => {
    const products = weights.map((part) => matmul(g, part, v));
    return products.length === 1 ? products[0]! : concat(g, products, v.dims.length - 2);
  };

  if (tiles < MANY_TILES) {
    const v = reshape(g, transpose(g, pieces, [2, 1, 0, 3]), [POINTS, channels, times(n, tiles)]);
    const products = reshape(g, multiply(v), [POINTS, times(n, out * tiles)]);
    const pixels = matmul(g, transpose(g, toPixels, [1, 0]), products); // [4 4, O N h w]
    const lines = transpose(g, reshape(g, pixels, [TILE, TILE, times(n, out * tiles)]), [0, 2, 1]);
    const picture = transpose(g, reshape(g, lines, [TILE, out, n, rows, width]), [2, 1, 3, 0, 4]); // [N, O, h, 4, W]
    return reshape(g, picture, [n, out, end - start, width]);
  }
  const products = reshape(g, multiply(transpose(g, pieces, [0, 2, 1, 3])), [n, POINTS, out * tiles]);
  // ONNX Runtime makes this transpose a part of the product on processors. Four pixels of a row then lie side by side: only a tile's rows are moved.
  const pixels = matmul(g, transpose(g, products, [0, 2, 1]), toPixels); // [N, O h w, 4 4]
  const lines = transpose(g, reshape(g, pixels, [n, out * rows, width / TILE, TILE, TILE]), [0, 1, 3, 2, 4]);
  return reshape(g, lines, [n, out, end - start, width]);
}

function times(n: Dim, factor: number): Dim {
  return typeof n === "number" ? n * factor : `${n}*${factor}`;
}
