import { UnclipError, valuesOf, type Tensor } from "@unclip/tensor";

/** How much of one set of features another covers. */
export interface PrecisionRecall {
  /** Share of the generated that lie where real ones do: fidelity, from 0 to 1. */
  readonly precision: number;
  /** Share of the real that lie where generated ones do: variety, from 0 to 1. */
  readonly recall: number;
}

/** Precision and recall of generated features. A set's manifold is the union of balls around its members, each as large as the distance to
 * the member's k-th nearest neighbour. Both depend on the sizes of the sets: compare those of one size.
 * @param generated [N, D], N above k
 * @param real [M, D], M above k
 * @param k neighbours; default 3
 * @throws UnclipError "shape" for sets of other widths, or with too few rows
 * @see Kynkäänniemi et al. 2019 (arXiv:1904.06991) section 3 */
export function precisionAndRecall(generated: Tensor, real: Tensor, k = 3): PrecisionRecall {
  const [a, b] = [rowsFor(generated, "generated", k), rowsFor(real, "real", k)];
  if (a[0]!.length !== b[0]!.length) {
    const widths = `${a[0]!.length} and ${b[0]!.length}`;
    throw new UnclipError("shape", `precisionAndRecall: expected features of one width, got ${widths}`);
  }
  return { precision: shareWithin(a, b, k), recall: shareWithin(b, a, k) };
}

/** The share of points that lie in a ball of the members. */
function shareWithin(points: readonly Float32Array[], members: readonly Float32Array[], k: number): number {
  const radii = members.map((member) => members.map((other) => distance(member, other)).sort((x, y) => x - y)[k]!);
  const isWithin = (point: Float32Array) => members.some((member, i) => distance(point, member) <= radii[i]!);
  return points.filter(isWithin).length / points.length;
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
}

function rowsFor(features: Tensor, name: string, k: number): Float32Array[] {
  const [n, width] = features.dims as [number, number];
  if (features.dims.length !== 2 || n <= k) {
    const got = `[${features.dims.join(", ")}]`;
    throw new UnclipError("shape", `precisionAndRecall: ${name}: expected [N, D] with N above ${k}, got ${got}`);
  }
  return Array.from({ length: n }, (_, i) => valuesOf(features).subarray(i * width, (i + 1) * width));
}
