import { normalise, UnclipError, valuesOf, type Tensor } from "@unclip/tensor";

/** The cosine of each row of `a` and the row in its place of `b`, N numbers from -1 to 1.
 * @param a embeddings, [N, D]; they need not be normalised
 * @param b embeddings, [N, D]
 * @throws UnclipError "shape" if the shapes differ, "input" for a row of length 0 */
export function pairedCosines(a: Tensor, b: Tensor): number[] {
  const [n, width] = a.dims as [number, number];
  if (a.dims.join() !== b.dims.join()) {
    const got = `[${a.dims.join(", ")}] and [${b.dims.join(", ")}]`;
    throw new UnclipError("shape", `pairedCosines: expected embeddings of one shape, got ${got}`);
  }
  const [u, v] = [normalise(a), normalise(b)].map((x) => valuesOf(x)) as [Float32Array, Float32Array];
  return Array.from({ length: n }, (_, row) => {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i++) sum += u[i]! * v[i]!;
    return sum;
  });
}

/** CLIP score: the mean of 100 max(cos(z_i, z_t), 0) over pictures and their captions, from 0 to 100.
 * @param imageEmbedding [N, D]
 * @param textEmbedding [N, D]
 * @throws UnclipError "shape" if the shapes differ, "input" for a row of length 0
 * @see Hessel et al. 2021 (arXiv:2104.08718) section 3, whose weight is 2.5 in place of 100 */
export function clipScore(imageEmbedding: Tensor, textEmbedding: Tensor): number {
  const cosines = pairedCosines(imageEmbedding, textEmbedding);
  return (100 * cosines.reduce((sum, cosine) => sum + Math.max(cosine, 0), 0)) / cosines.length;
}

/** How far apart the pictures of one caption lie: the mean of 1 - cos over all pairs of rows, from 0 (all alike) to 2.
 * @param imageEmbedding [N, D], N at least 2
 * @throws UnclipError "shape" for fewer rows, "input" for a row of length 0 */
export function meanPairwiseDistance(imageEmbedding: Tensor): number {
  const [n, width] = imageEmbedding.dims as [number, number];
  if (n < 2) throw new UnclipError("shape", `meanPairwiseDistance: expected two rows or more, got ${n}`);
  // Over all ordered pairs, cosines of unit vectors sum to |Σ u|² - N.
  const unit = valuesOf(normalise(imageEmbedding));
  const sums = new Float64Array(width);
  unit.forEach((value, i) => (sums[i % width]! += value));
  const together = sums.reduce((sum, value) => sum + value * value, 0);
  return 1 - (together - n) / (n * (n - 1));
}
