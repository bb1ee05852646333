import { UnclipError } from "@unclip/tensor";

/** Arithmetic mean.
 * @throws UnclipError "input" if there is no value */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new UnclipError("input", "mean: expected one value or more, got none");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Median; of an even number of values the mean of the two in the middle.
 * @throws UnclipError "input" if there is no value */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new UnclipError("input", "median: expected one value or more, got none");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** Standard error of the mean, s / √N with s² over N - 1; 0 for a single value. */
export function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
