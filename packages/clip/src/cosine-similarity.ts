import { tensor, UnclipError, valuesOf, type Tensor } from "@unclip/tensor";

/** Cosine of the angle between each row of `a` and each row of `b`: a . b / (|a| |b|), from -1 to 1.
 * @param a embeddings, [N, D]; they need not be normalised
 * @param b embeddings, [M, D]
 * @returns [N, M]
 * @throws UnclipError "shape" if they are not matrices of one width, "input" for a row of length 0, which has no direction */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor {
  const [n, width] = a.dims as [number, number];
  const [m, other] = b.dims as [number, number];
  if (a.dims.length !== 2 || b.dims.length !== 2 || width !== other) {
    const got = `[${a.dims.join(", ")}] and [${b.dims.join(", ")}]`;
    throw new UnclipError("shape", `cosineSimilarity: expected [N, D] and [M, D], got ${got}; are they of one model?`);
  }
  const [rowsOfA, rowsOfB] = [unitRows(a), unitRows(b)];
  const out = new Float32Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) out[i * m + j] = dot(rowsOfA[i]!, rowsOfB[j]!);
  return tensor(out, [n, m]);
}

/** The rows of [N, D], each divided by its length, in float64. */
function unitRows(x: Tensor): Float64Array[] {
  const [n, width] = x.dims as [number, number];
  return Array.from({ length: n }, (_, i) => {
    const row = Float64Array.from(valuesOf(x).subarray(i * width, (i + 1) * width));
    const length = Math.sqrt(dot(row, row));
    if (length > 0 && Number.isFinite(length)) return row.map((value) => value / length);
    throw new UnclipError("input", `cosineSimilarity: row ${i} has length ${length}; expected one with a direction`);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
