import { checkMatrix, dot, fromRows, rowsOf } from "./embedding.js";
import { UnclipError } from "./errors.js";
import { EigenvalueDecomposition, Matrix } from "./linear-algebra.js";
import type { Tensor } from "./tensor.js";

/** The directions in which embeddings differ most, in float64. */
export interface PrincipalComponents {
  /** Mean of the embeddings, D numbers. */
  readonly mean: Float64Array;
  /** Orthonormal directions of D numbers, those of the largest variance first. */
  readonly basis: readonly Float64Array[];
  /** Variance along each direction, over N - 1: the eigenvalues of the covariance. */
  readonly eigenvalues: Float64Array;
}

/** Eigenvalues below this part of the largest are rounding. */
const RANK_TOLERANCE = 1e-10;

/** Principal components of embeddings. The largest number of each direction is positive.
 * Takes time with the cube of the smaller of N and D: some seconds for 500.
 * @param x [N, D], at least two rows
 * @param k how many; default all that are there, N - 1 or D at most
 * @throws UnclipError "shape" if `x` is no matrix, "input" if there are not k
 * @see Pearson 1901; Ramesh et al. 2022 (arXiv:2204.06125) section 4 */
export function principalComponents(x: Tensor, k?: number): PrincipalComponents {
  checkMatrix("principalComponents", x);
  const [n, width] = x.dims as [number, number];
  if (n < 2) throw new UnclipError("input", "principalComponents: expected at least 2 rows, got 1");
  const rows = rowsOf(x);
  if (!rows.every((row) => row.every(Number.isFinite))) {
    throw new UnclipError("input", "principalComponents: expected finite numbers");
  }
  const mean = Float64Array.from({ length: width }, (_, j) => rows.reduce((sum, row) => sum + row[j]! / n, 0));
  const centred = rows.map((row) => row.map((value, j) => value - mean[j]!));
  const found = n <= width ? fromGram(centred) : fromCovariance(centred);
  const rank = found.eigenvalues.filter((value) => value > RANK_TOLERANCE * found.eigenvalues[0]!).length;
  if (rank === 0) throw new UnclipError("input", "principalComponents: the rows are all the same");
  if (k !== undefined && !(Number.isInteger(k) && k >= 1 && k <= rank)) {
    throw new UnclipError("input", `principalComponents: k: expected 1 to ${rank}, which these rows have, got ${k}`);
  }
  const count = k ?? rank;
  return {
    mean,
    basis: orthonormal(found.directions.slice(0, count)).map(facingUp),
    eigenvalues: Float64Array.from(found.eigenvalues.slice(0, count)),
  };
}

/** Where embeddings lie along the components: [N, k].
 * @param x [N, D]
 * @param k how many components to keep, the first ones; default all
 * @throws UnclipError "shape" if `x` is of another width, "input" if there are not k */
export function project(x: Tensor, { mean, basis }: PrincipalComponents, k = basis.length): Tensor {
  checkWidth("project", x, mean.length);
  if (!(Number.isInteger(k) && k >= 1 && k <= basis.length)) {
    throw new UnclipError("input", `project: k: expected 1 to ${basis.length} components, got ${k}`);
  }
  const kept = basis.slice(0, k);
  return fromRows(
    rowsOf(x).map((row) => {
      const centred = row.map((value, j) => value - mean[j]!);
      return Float64Array.from(kept, (component) => dot(centred, component));
    }),
  );
}

/** Embeddings from where they lie along the first components: the mean and what these say, [N, D].
 * @param coordinates [N, k], k components at most
 * @throws UnclipError "shape" if there are more */
export function reconstruct(coordinates: Tensor, { mean, basis }: PrincipalComponents): Tensor {
  checkMatrix("reconstruct", coordinates);
  const k = coordinates.dims[1]!;
  if (k > basis.length) {
    throw new UnclipError(
      "shape",
      `reconstruct: expected [N, ${basis.length}] or narrower, got [${coordinates.dims.join(", ")}]`,
    );
  }
  return fromRows(
    rowsOf(coordinates).map((row) =>
      row.reduce((sum, value, i) => sum.map((total, j) => total + value * basis[i]![j]!), mean),
    ),
  );
}

interface Directions {
  readonly eigenvalues: readonly number[];
  readonly directions: readonly Float64Array[];
}

/** Of the covariance [D, D]. */
function fromCovariance(centred: readonly Float64Array[]): Directions {
  const matrix = new Matrix(centred as Float64Array[]);
  return eigen(
    matrix
      .transpose()
      .mmul(matrix)
      .div(centred.length - 1),
  );
}

/** Of the inner products of the rows [N, N], whose eigenvectors are the coordinates of the covariance's: for rows wider than many. */
function fromGram(centred: readonly Float64Array[]): Directions {
  const matrix = new Matrix(centred as Float64Array[]);
  const { eigenvalues, directions } = eigen(matrix.mmul(matrix.transpose()).div(centred.length - 1));
  const wide = new Matrix(directions as Float64Array[]).mmul(matrix);
  return { eigenvalues, directions: directions.map((_, i) => Float64Array.from(wide.getRow(i))) };
}

/** Eigenvalues and eigenvectors of a symmetric matrix, the largest first. */
function eigen(symmetric: Matrix): Directions {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  return {
    eigenvalues: order.map((i) => realEigenvalues[i]!),
    directions: order.map((i) => Float64Array.from(eigenvectorMatrix.getColumn(i))),
  };
}

/** Gram and Schmidt's process: unit length, and free of the rounding by which late directions lean on early ones. */
function orthonormal(directions: readonly Float64Array[]): Float64Array[] {
  const out: Float64Array[] = [];
  for (const direction of directions) {
    let free = direction.map((value) => value / Math.sqrt(dot(direction, direction)));
    for (const other of out) {
      const along = dot(free, other);
      free = free.map((value, j) => value - along * other[j]!);
    }
    const length = Math.sqrt(dot(free, free));
    out.push(free.map((value) => value / length));
  }
  return out;
}

function facingUp(direction: Float64Array): Float64Array {
  const largest = direction.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}

function checkWidth(where: string, x: Tensor, width: number): void {
  checkMatrix(where, x);
  if (x.dims[1] === width) return;
  throw new UnclipError(
    "shape",
    `${where}: expected [N, ${width}], got [${x.dims.join(", ")}]; are they of one model?`,
  );
}
