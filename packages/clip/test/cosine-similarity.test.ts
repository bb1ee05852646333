import { cosineSimilarity } from "@unclip/clip";
import { tensor } from "@unclip/tensor";
import { expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";

const matrix = (...rows: number[][]) => tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

it("is the cosine of every pair of rows, whatever their lengths", () => {
  const cosines = cosineSimilarity(matrix([3, 4], [-2, 0]), matrix([1, 0], [0, 5], [8, 6]));
  expect(cosines.dims).toEqual([2, 3]);
  expectClose(cosines.data as Float32Array, [0.6, 0.8, 0.96, -1, 0, -0.8], { maxAbs: 1e-7 }); // float32 rounding
});

it("refuses other widths and rows without a direction", () => {
  expect(() => cosineSimilarity(matrix([1, 0]), matrix([1, 0, 0]))).toThrow(/got \[1, 2\] and \[1, 3\]/);
  expect(() => cosineSimilarity(matrix([1, 0], [0, 0]), matrix([1, 0]))).toThrow(/row 1 has length 0/);
  expect(() => cosineSimilarity(matrix([NaN, 0]), matrix([1, 0]))).toThrow(/row 0 has length NaN/);
});
