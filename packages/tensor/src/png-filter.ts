import type { Picture } from "./picture.js";

const bytesPerPixel = 3;

/** What a filter subtracts from a byte: a prediction from the bytes to the left (a), above (b), and above left (c). */
type Predictor = (a: number, b: number, c: number) => number;

/** The five filters of PNG; the index is the filter's number. */
const predictors: readonly Predictor[] = [() => 0, (a) => a, (_a, b) => b, (a, b) => (a + b) >> 1, paeth];

function paeth(a: number, b: number, c: number): number {
  const estimate = a + b - c;
  const toA = Math.abs(estimate - a);
  const toB = Math.abs(estimate - b);
  const toC = Math.abs(estimate - c);
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

/** Every row after its filter's number. Each row takes the filter whose residuals, read as signed bytes, have the smallest sum of magnitudes. */
export function filterRows({ width, height, data }: Picture): Uint8Array<ArrayBuffer> {
  const stride = width * bytesPerPixel;
  const out = new Uint8Array(height * (stride + 1));
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * stride, (y + 1) * stride) as Uint8Array<ArrayBuffer>;
    out.set(smallestResiduals(row, above), y * (stride + 1));
    above = row;
  }
  return out;
}

function smallestResiduals(row: Uint8Array, above: Uint8Array): Uint8Array {
  let best = new Uint8Array(0);
  let bestSum = Infinity;
  predictors.forEach((predict, filter) => {
    const residuals = new Uint8Array(row.length + 1);
    residuals[0] = filter;
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
      const a = i < bytesPerPixel ? 0 : row[i - bytesPerPixel]!;
      const c = i < bytesPerPixel ? 0 : above[i - bytesPerPixel]!;
      const residual = (row[i]! - predict(a, above[i]!, c)) & 0xff;
      residuals[i + 1] = residual;
      sum += Math.min(residual, 256 - residual);
    }
    if (sum < bestSum) [best, bestSum] = [residuals, sum];
  });
  return best;
}
