import { readFileSync } from "node:fs";
import { tensor, type Picture } from "@unclip/tensor";
import { fixturePath } from "../../../test-support/index.js";

interface MetricsFile {
  readonly cases: readonly {
    readonly width: number;
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly frechetDistance: number;
    readonly precisionRecall: readonly { readonly k: number; readonly precision: number; readonly recall: number }[];
    readonly pairedCosines: readonly number[];
    readonly clipScore: number;
    readonly meanPairwiseDistance: number;
  }[];
  readonly pictures: readonly {
    readonly width: number;
    readonly height: number;
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly psnr: number;
  }[];
}

const { cases, pictures } = JSON.parse(readFileSync(fixturePath("metrics.json"), "utf8")) as MetricsFile;

const rowsOf = (values: readonly number[], width: number) =>
  tensor(Float32Array.from(values), [values.length / width, width]);

/** Sets of features with what numpy and scipy make of them: training/reference/metrics.py. */
export const featureCases = cases.map(({ width, a, b, ...expected }) => ({
  a: rowsOf(a, width),
  b: rowsOf(b, width),
  ...expected,
}));

/** Couples of pictures with their PSNR by numpy. */
export const pictureCases = pictures.map(({ width, height, a, b, psnr }) => {
  const picture = (data: readonly number[]): Picture => ({ width, height, data: Uint8Array.from(data) });
  return { a: picture(a), b: picture(b), psnr };
});
