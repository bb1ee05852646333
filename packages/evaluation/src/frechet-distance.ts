import { UnclipError, valuesOf, type Tensor } from "@unclip/tensor";
import { EVD, Matrix } from "ml-matrix";

/** A normal distribution in D dimensions. */
export interface Gaussian {
  /** D numbers. */
  readonly mean: Float64Array;
  /** [D, D], row by row. */
  readonly covariance: Float64Array;
}

/** Mean and covariance of features.
 * @param features [N, D], N at least 2
 * @throws UnclipError "shape" if there are fewer rows: one has no covariance */
export function gaussianOf(features: Tensor): Gaussian {
  const [n, width] = features.dims as [number, number];
  if (features.dims.length !== 2 || n < 2) {
    throw new UnclipError("shape", `features: expected [N, D] with N at least 2, got [${features.dims.join(", ")}]`);
  }
  const values = valuesOf(features);
  const mean = new Float64Array(width);
  values.forEach((value, i) => (mean[i % width]! += value / n));
  const covariance = new Float64Array(width * width);
  for (let row = 0; row < n; row++) {
    const offset = values.subarray(row * width, (row + 1) * width);
    for (let i = 0; i < width; i++) {
      const scaled = (offset[i]! - mean[i]!) / (n - 1);
      for (let j = 0; j < width; j++) covariance[i * width + j]! += scaled * (offset[j]! - mean[j]!);
    }
  }
  return { mean, covariance };
}

/** The Fréchet distance of two Gaussians, |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1^(1/2) C_2 C_1^(1/2))^(1/2)), as the Fréchet
 * inception distance takes it between the features of two sets of pictures. Few pictures make it larger: compare sets of one size.
 * @throws UnclipError "shape" if their dimensions differ
 * @see Dowson and Landau 1982, Journal of Multivariate Analysis 12 (3), 450-455; Heusel et al. 2017 (arXiv:1706.08500) */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const width = a.mean.length;
  if (b.mean.length !== width) {
    throw new UnclipError(
      "shape",
      `frechetDistance: expected features of one width, got ${width} and ${b.mean.length}`,
    );
  }
  const [first, second] = [a, b].map(({ covariance }) => Matrix.from1DArray(width, width, covariance)) as [
    Matrix,
    Matrix,
  ];
  const root = squareRoot(first);
  const product = root.mmul(second).mmul(root);
  const crossed = eigenvalues(product.add(product.transpose()).mul(0.5)).reduce(
    (sum, value) => sum + Math.sqrt(value),
    0,
  );
  const apart = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]!) ** 2, 0);
  return Math.max(0, apart + first.trace() + second.trace() - 2 * crossed);
}

/** C^(1/2) of a symmetric matrix without negative eigenvalues, but for rounding. */
function squareRoot(matrix: Matrix): Matrix {
  const { eigenvectorMatrix, realEigenvalues } = new EVD(matrix, { assumeSymmetric: true });
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(value, 0))));
  return eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
}

function eigenvalues(matrix: Matrix): number[] {
  return new EVD(matrix, { assumeSymmetric: true }).realEigenvalues.map((value) => Math.max(value, 0));
}
