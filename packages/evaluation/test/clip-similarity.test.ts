import { clipScore, meanPairwiseDistance, pairedCosines } from "@unclip/evaluation";
import { rows, tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { featureCases } from "./metrics.js";

describe.each(featureCases)("set %#", ({ a, b, ...expected }) => {
  const few = Math.min(a.dims[0]!, b.dims[0]!);
  const [u, v] = [rows(a, 0, few), rows(b, 0, few)];

  it("has numpy's cosines, CLIP score and spread", () => {
    expectClose(pairedCosines(u, v), expected.pairedCosines, { maxAbs: 1e-6 }); // unit vectors in float32
    expect(clipScore(u, v)).toBeCloseTo(expected.clipScore, 4);
    expect(meanPairwiseDistance(a)).toBeCloseTo(expected.meanPairwiseDistance, 5);
  });
});

describe("what cannot be compared", () => {
  it("is refused", () => {
    const [two, three] = [tensor(new Float32Array([1, 0, 0, 1]), [2, 2]), tensor(new Float32Array([1, 0, 0]), [1, 3])];
    expect(() => pairedCosines(two, three)).toThrow(
      "pairedCosines: expected embeddings of one shape, got [2, 2] and [1, 3]",
    );
    expect(() => meanPairwiseDistance(three)).toThrow("expected two rows or more, got 1");
  });

  it("is 0 apart for equal rows and 2 for opposite ones", () => {
    expect(meanPairwiseDistance(tensor(new Float32Array([2, 0, 5, 0]), [2, 2]))).toBeCloseTo(0, 12);
    expect(meanPairwiseDistance(tensor(new Float32Array([2, 0, -5, 0]), [2, 2]))).toBeCloseTo(2, 12);
    expect(clipScore(tensor(new Float32Array([1, 0]), [1, 2]), tensor(new Float32Array([-1, 0]), [1, 2]))).toBe(0);
  });
});
