import { checkDims, tensor, valuesOf, type Tensor } from "@unclip/tensor";

/** Σ weight · x over tensors of one shape, added up in float64 and rounded once.
 * @throws UnclipError "shape" if the shapes differ */
export function weightedSum(terms: readonly (readonly [weight: number, x: Tensor])[]): Tensor {
  const { dims, data } = terms[0]![1];
  const sum = new Float64Array(data.length);
  for (const [weight, x] of terms) {
    checkDims("weightedSum", x, dims);
    const values = valuesOf(x);
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  }
  return tensor(Float32Array.from(sum), dims);
}
