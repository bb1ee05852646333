import { UnclipError, type Picture } from "@unclip/tensor";

/** Peak signal-to-noise ratio of two pictures in decibels: 10 log10(255² / mean squared error); Infinity for equal ones.
 * @throws UnclipError "shape" if their sizes differ */
export function peakSignalToNoise(a: Picture, b: Picture): number {
  if (a.width !== b.width || a.height !== b.height) {
    const sizes = `${a.width} x ${a.height} and ${b.width} x ${b.height}`;
    throw new UnclipError("shape", `peakSignalToNoise: expected pictures of one size, got ${sizes}`);
  }
  const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.data.length));
}
