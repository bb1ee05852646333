import { describe, expect, it } from "vitest";
import { median, relativeDifference } from "../src/measurement.js";

describe("median", () => {
  it("is the middle value, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([5])).toBe(5);
  });
});

describe("relativeDifference", () => {
  it("is the largest difference over the largest value", () => {
    expect(relativeDifference(Float32Array.of(1, 2), Float32Array.of(1, 4))).toBe(0.5);
  });

  it("is no number where an output holds none, or has another length", () => {
    expect(relativeDifference(Float32Array.of(NaN), Float32Array.of(1))).toBeNaN();
    expect(relativeDifference(Float32Array.of(1), Float32Array.of(1, 1))).toBeNaN();
  });
});
