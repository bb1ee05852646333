import { frechetDistance, gaussianOf } from "@unclip/evaluation";
import { createRandom, tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { featureCases } from "./metrics.js";

const gaussian = (mean: number[], covariance: number[]) => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance),
});

describe("gaussianOf", () => {
  it("is the mean and the unbiased covariance of the rows", () => {
    const { mean, covariance } = gaussianOf(tensor(Float32Array.of(1, 2, 3, 6, 5, 4), [3, 2]));
    expectClose(mean, [3, 4], { maxAbs: 1e-12 }); // float64
    expectClose(covariance, [4, 2, 2, 4], { maxAbs: 1e-12 });
  });

  it("needs two rows", () => {
    expect(() => gaussianOf(tensor(new Float32Array(3), [1, 3]))).toThrow("N at least 2, got [1, 3]");
  });
});

describe("frechetDistance", () => {
  it.each(featureCases)("is scipy's: $frechetDistance", ({ a, b, frechetDistance: expected }) => {
    expect(frechetDistance(gaussianOf(a), gaussianOf(b))).toBeCloseTo(expected, 8); // scipy's root of a product that is not symmetric
  });

  it("is |m1 - m2|^2 + sum (s1 - s2)^2 for independent features", () => {
    const [a, b] = [gaussian([0, 1], [4, 0, 0, 9]), gaussian([3, 5], [1, 0, 0, 25])];
    expect(frechetDistance(a, b)).toBeCloseTo(25 + 1 + 4, 10);
  });

  it("is that of a closed form in two dimensions", () => {
    // tr (A B)^(1/2) = (tr AB + 2 det^(1/2) AB)^(1/2) for 2 x 2: AB = [5 4; 4 5], det 9, so (10 + 6)^(1/2) = 4
    const [a, b] = [gaussian([0, 0], [2, 1, 1, 2]), gaussian([0, 0], [2, 1, 1, 2])];
    expect(frechetDistance(a, b)).toBeCloseTo(0, 10);
    // A = [2 1; 1 2], B = [1 0; 0 4]: tr AB = 10, det AB = 12
    expect(frechetDistance(a, gaussian([0, 0], [1, 0, 0, 4]))).toBeCloseTo(
      9 - 2 * Math.sqrt(10 + 2 * Math.sqrt(12)),
      10,
    );
  });

  it("is symmetric, and nothing between a set and itself, with fewer rows than features too", () => {
    const sets = [1, 2].map((seed) => gaussianOf(createRandom(seed).normal([20, 32])));
    const [a, b] = sets as [(typeof sets)[0], (typeof sets)[0]];
    expect(frechetDistance(a, a)).toBeLessThan(1e-6); // roots of rounding errors
    expect(Math.abs(frechetDistance(a, b) - frechetDistance(b, a))).toBeLessThan(1e-6);
    expect(frechetDistance(a, b)).toBeGreaterThan(1);
  });

  it("refuses features of two widths", () => {
    expect(() => frechetDistance(gaussian([0], [1]), gaussian([0, 0], [1, 0, 0, 1]))).toThrow("got 1 and 2");
  });
});
