import { UnclipError } from "./errors.js";
import { concatRows, repeatRows, tensor, valuesOf, type Tensor } from "./tensor.js";

/* The mathematics of embeddings, [N, D]: a direction in each row, and a length that CLIP leaves as it came. In float64 inside. */

/** Each row divided by its length.
 * @param x [N, D]
 * @throws UnclipError "shape" if it is no matrix, "input" for a row of length 0, which has no direction */
export function normalise(x: Tensor): Tensor {
  checkMatrix("normalise", x);
  return fromRows(rowsOf(x).map((row, i) => direction(row, `normalise: row ${i}`)));
}

/** Cosine of the angle between each row of `a` and each row of `b`: a . b / (|a| |b|), from -1 to 1.
 * @param a embeddings, [N, D]; they need not be normalised
 * @param b embeddings, [M, D]
 * @returns [N, M]
 * @throws UnclipError "shape" if they are not matrices of one width, "input" for a row of length 0, which has no direction */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor {
  checkPair("cosineSimilarity", a, b);
  const [unitA, unitB] = [a, b].map((x) => rowsOf(x).map((row, i) => direction(row, `cosineSimilarity: row ${i}`))) as [
    Float64Array[],
    Float64Array[],
  ];
  const cosines = unitA.flatMap((u) => unitB.map((v) => dot(u, v)));
  return tensor(Float32Array.from(cosines), [a.dims[0]!, b.dims[0]!]);
}

/** Opposite vectors are those whose angle is within this of 180 degrees, in radians: float32 does not tell their plane. */
const OPPOSITE = 1e-4;

/** Spherical interpolation of rows: along the shortest arc from u to v, at a length that goes evenly from |u| to |v|.
 * With ω the angle between them, the direction is (sin((1 - θ) ω) u + sin(θ ω) v) / sin ω of the unit vectors; where ω is too small
 * for that, it is the straight line's.
 * @param u [N, D], or [1, D] for each row of v; the result at θ = 0
 * @param v [N, D], or [1, D] for each row of u; the result at θ = 1
 * @param theta in [0, 1]
 * @returns [N, D]
 * @throws UnclipError "shape" if the shapes do not fit, "input" for another θ, a row of length 0, or opposite rows: between these
 * lead infinitely many arcs
 * @see Shoemake 1985, Animating rotation with quaternion curves; Ramesh et al. 2022 (arXiv:2204.06125) section 3.2 */
export function slerp(u: Tensor, v: Tensor, theta: number): Tensor {
  checkPair("slerp", u, v);
  if (!(theta >= 0 && theta <= 1)) throw new UnclipError("input", `slerp: theta: expected 0 to 1, got ${theta}`);
  const [n, m] = [u.dims[0]!, v.dims[0]!];
  if (n !== m && n !== 1 && m !== 1) {
    throw new UnclipError("shape", `slerp: expected as many rows in both, or one in either, got ${n} and ${m}`);
  }
  const [from, to] = [n < m ? repeatRows(u, m) : u, m < n ? repeatRows(v, n) : v].map(rowsOf) as [
    Float64Array[],
    Float64Array[],
  ];
  return fromRows(from.map((row, i) => slerpRow(row, to[i]!, theta, `slerp: row ${i}`)));
}

function slerpRow(u: Float64Array, v: Float64Array, theta: number, where: string): Float64Array {
  const [a, b] = [direction(u, where), direction(v, where)];
  // The angle by its tangent: the arc cosine is blind near 0 and 180 degrees.
  const [difference, sum] = [a.map((value, i) => value - b[i]!), a.map((value, i) => value + b[i]!)];
  const omega = 2 * Math.atan2(lengthOf(difference), lengthOf(sum));
  if (Math.PI - omega < OPPOSITE) {
    throw new UnclipError(
      "input",
      `${where}: opposite vectors have no shortest arc between them; go by way of a third one`,
    );
  }
  const arc = (part: number) => (omega < 1e-8 ? part : Math.sin(part * omega) / Math.sin(omega));
  const [weightA, weightB] = [arc(1 - theta), arc(theta)];
  const length = (1 - theta) * lengthOf(u) + theta * lengthOf(v);
  return a.map((value, i) => length * (weightA * value + weightB * b[i]!));
}

/** Weighted mean of rows: sum of w_i z_i, over the sum of w_i. Negative weights lead away from a row.
 * @param x [N, D]
 * @param weights one for each row, on any scale
 * @returns [1, D]
 * @throws UnclipError "shape" if `x` is no matrix, "input" if the weights are not N finite numbers, or sum to 0 */
export function weightedMean(x: Tensor, weights: readonly number[]): Tensor {
  checkMatrix("weightedMean", x);
  const [n, width] = x.dims as [number, number];
  if (weights.length !== n || !weights.every(Number.isFinite)) {
    throw new UnclipError("input", `weightedMean: expected ${n} finite weights, got [${weights.join(", ")}]`);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const size = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  if (Math.abs(total) <= 1e-9 * size) {
    throw new UnclipError(
      "input",
      `weightedMean: the weights [${weights.join(", ")}] sum to 0, so that they have no mean`,
    );
  }
  const mean = new Float64Array(width);
  for (const [i, row] of rowsOf(x).entries()) row.forEach((value, j) => (mean[j]! += (weights[i]! / total) * value));
  return fromRows([mean]);
}

/** The rows of [N, D] in float64. */
export function rowsOf(x: Tensor): Float64Array[] {
  const [n, width] = x.dims as [number, number];
  return Array.from({ length: n }, (_, i) => Float64Array.from(valuesOf(x).subarray(i * width, (i + 1) * width)));
}

/** Rows of one width as float32: [N, D]. */
export function fromRows(rows: readonly Float64Array[]): Tensor {
  return concatRows(rows.map((row) => tensor(Float32Array.from(row), [1, row.length])));
}

/** @throws UnclipError "shape" unless `x` has rows of numbers */
export function checkMatrix(where: string, x: Tensor): void {
  if (x.dims.length === 2 && !x.dims.includes(0)) return;
  throw new UnclipError("shape", `${where}: expected [N, D], got [${x.dims.join(", ")}]`);
}

/** The sum of the products of two vectors. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function lengthOf(row: Float64Array): number {
  return Math.sqrt(dot(row, row));
}

function direction(row: Float64Array, where: string): Float64Array {
  const length = lengthOf(row);
  if (length > 0 && Number.isFinite(length)) return row.map((value) => value / length);
  throw new UnclipError("input", `${where} has length ${length}; expected one with a direction`);
}

function checkPair(where: string, a: Tensor, b: Tensor): void {
  const isPair = a.dims.length === 2 && b.dims.length === 2 && a.dims[1] === b.dims[1];
  if (isPair && !a.dims.includes(0) && !b.dims.includes(0)) return;
  const got = `[${a.dims.join(", ")}] and [${b.dims.join(", ")}]`;
  throw new UnclipError("shape", `${where}: expected [N, D] and [M, D], got ${got}; are they of one model?`);
}
