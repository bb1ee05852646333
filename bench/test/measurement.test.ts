import { describe, expect, it } from "vitest";
import { median, deviation } from "../src/measurement.js";

describe("median", () => {
  it("is the middle value, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([5])).toBe(5);
  });
});

describe("deviation", () => {
  it("is the largest difference over the largest value, and the same of the squares", () => {
    const { largest, relative } = deviation(Float32Array.of(3, 2), Float32Array.of(3, 4));
    expect(largest).toBe(0.5);
    expect(relative).toBeCloseTo(0.4, 15);
  });

  it("is no number where an output holds none, or has another length", () => {
    expect(deviation(Float32Array.of(NaN), Float32Array.of(1))).toEqual({ largest: NaN, relative: NaN });
    expect(deviation(Float32Array.of(1), Float32Array.of(1, 1))).toEqual({ largest: NaN, relative: NaN });
  });
});
