import type { GraphBuilder, Value } from "../builder.js";
import type { Dim } from "../onnx.js";
import { add, concat, conv, matmul, reshape, slice, transpose } from "../ops.js";

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
const A_T: Matrix = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/** Pixels of a tile's side. */
const TILE = 4;
/** Numbers of a tile between the transforms. */
const POINTS = 36;
/** Below that many channels the transforms cost more than they save. */
const MIN_CHANNELS = 128;
/** Below that many pixels there are too few tiles to pay for the larger weights. */
const MIN_PIXELS = 1024;
/** Above that many pairs of channels the larger weights, 144 bytes a pair, cost more memory than the layer is worth. */
const MAX_PAIRS = 1_000_000;

/** What the numbers between the transforms of one picture may take, in bytes; a larger picture is computed in bands of rows. */
const MIN_BAND_BYTES = 64 * 2 ** 20;
/** The same for pictures that would have more than {@link MANY_BANDS} bands otherwise: every band is a dozen nodes, and nodes take time to open. */
const MAX_BAND_BYTES = 256 * 2 ** 20;
const MANY_BANDS = 4;

/** Whether {@link winogradConv} takes x, and is worth its memory: its weights take four times that of the kernels they are made of. */
export function suitsWinograd(x: Value, out: number): boolean {
  const [, channels, height, width] = x.dims as [Dim, number, number, number];
  const isTiled = height % TILE === 0 && width % TILE === 0;
  const isWide = Math.min(channels, out) >= MIN_CHANNELS && channels * out <= MAX_PAIRS;
  return isTiled && height * width >= MIN_PIXELS && isWide;
}

/** Convolution of x [N, C, H, W] with a kernel of 3x3, stride 1, padding 1: [N, O, H, W].
 * The runtime transforms the weights once, when it opens the network. Float32 rounding is several times that of the plain sum.
 * @param weight as torch stores it, [O, C, 3, 3], but given as [1, O, C, 9]
 * @param bias [1, O, 1, 1]
 * @see Lavin and Gray 2016 (arXiv:1509.09308) section 4.3 */
export function winogradConv(g: GraphBuilder, x: Value, weight: Value, bias: Value): Value {
  const [, channels, height, width] = x.dims as [Dim, number, number, number];
  const u = transformedWeights(g, weight);
  const rows = bandRows(channels, height, width);
  const matrices: Matrices = [squared(g, B_T, [POINTS, 1, 6, 6]), u, squared(g, A_T, [TILE * TILE, POINTS])];
  const bands = Array.from({ length: height / rows }, (_, i) =>
    convBand(g, x, matrices, { start: i * rows, end: (i + 1) * rows }),
  );
  return add(g, bands.length === 1 ? bands[0]! : concat(g, bands, 2), bias);
}

/** G g G^T of each kernel: [1, 36, O, C] from [1, O, C, 9]. A convolution of 1x1 has that shape at once: a matrix product would have to be reshaped,
 * which copies four times the weights while the network is opened. No device runs it, so that it takes nine channels as they are. */
function transformedWeights(g: GraphBuilder, weight: Value): Value {
  const planes = transpose(g, weight, [0, 3, 1, 2]);
  const [, out, channels] = weight.dims as [number, number, number];
  return g.node("Conv", [planes, squared(g, G, [POINTS, 9, 1, 1])], "float", [1, POINTS, out, channels]);
}

/** Rows of a band, at least one row of tiles. */
function bandRows(channels: number, height: number, width: number): number {
  const rowBytes = (4 * channels * width * POINTS) / TILE ** 2;
  const bandBytes = Math.max(MIN_BAND_BYTES, Math.min(MAX_BAND_BYTES, (height * rowBytes) / MANY_BANDS));
  let rows = height;
  while (rows * rowBytes > bandBytes && rows % (2 * TILE) === 0) rows /= 2;
  return rows;
}

/** What a picture is multiplied with on its way: the transform of its pieces [36, 1, 6, 6], the transformed weights [1, 36, O, C], and the
 * transform back [16, 36]. */
type Matrices = readonly [Value, Value, Value];

/** Rows [start, end) of the result, without the bias. */
function convBand(
  g: GraphBuilder,
  x: Value,
  [toPoints, u, toPixels]: Matrices,
  { start, end }: { start: number; end: number },
): Value {
  const [n, channels, height, width] = x.dims as [Dim, number, number, number];
  const out = u.dims[2] as number;
  const [top, bottom] = [start === 0 ? 1 : 0, end === height ? 1 : 0]; // zeros; inside the picture stand the neighbours' rows
  const rows = (end - start) / TILE;
  const tiles = rows * (width / TILE);
  const seen = top && bottom ? x : slice(g, x, 2, start - 1 + top, end + 1 - bottom);

  const planes = reshape(g, seen, [times(n, channels), 1, seen.dims[2]!, width]);
  const padding = [top, 1, bottom, 1] as const;
  const pieces = conv(g, planes, toPoints, undefined, { stride: TILE, padding });
  const v = transpose(g, reshape(g, pieces, [n, channels, POINTS, tiles]), [0, 2, 1, 3]); // [N, 36, C, tiles]

  const products = reshape(g, matmul(g, u, v), [n, POINTS, out * tiles]);
  const pixels = matmul(g, toPixels, products); // [N, 4 4, O tiles]

  // Two transposes that the runtime spreads over its threads, in place of one that it does not: [N, 4, 4, O, h, w] to [N, O, h, 4, w, 4].
  const lines = transpose(g, reshape(g, pixels, [times(n, TILE), TILE, out * tiles]), [0, 2, 1]);
  const picture = transpose(g, reshape(g, lines, [n, TILE, out * rows, width]), [0, 2, 1, 3]);
  return reshape(g, picture, [n, out, end - start, width]);
}

/** The matrix that a two-dimensional transform applies to a square of numbers laid out in a row: the Kronecker product of `m` with itself. */
function squared(g: GraphBuilder, m: Matrix, dims: readonly number[]): Value {
  const values = m.flatMap((a) => m.map((b) => a.flatMap((left) => b.map((right) => left * right))));
  return g.constant("float", values.flat(), dims);
}

function times(n: Dim, factor: number): Dim {
  return typeof n === "number" ? n * factor : `${n}*${factor}`;
}
