import { mean, median, standardError } from "@unclip/evaluation";
import { expect, it } from "vitest";

it("has mean, median and standard error of few numbers", () => {
  const values = [4, 1, 7, 2];
  expect(mean(values)).toBe(3.5);
  expect(median(values)).toBe(3);
  expect(median([9, 1, 4])).toBe(4);
  expect(standardError(values)).toBeCloseTo(Math.sqrt(21 / 3 / 4), 12); // Σ (x - 3.5)² = 21
  expect(standardError([5])).toBe(0);
  expect(values).toEqual([4, 1, 7, 2]);
});

it("has nothing to say of no number", () => {
  expect(() => mean([])).toThrow("mean: expected one value or more, got none");
  expect(() => median([])).toThrow("median: expected one value or more, got none");
});
