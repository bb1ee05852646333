import { precisionAndRecall } from "@unclip/evaluation";
import { tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { featureCases } from "./metrics.js";

describe("precisionAndRecall", () => {
  it.each(featureCases.flatMap(({ a, b, precisionRecall }) => precisionRecall.map((one) => ({ a, b, ...one }))))(
    "is scipy's for k = $k: precision $precision, recall $recall",
    ({ a, b, k, precision, recall }) => {
      const found = precisionAndRecall(a, b, k);
      expect(found.precision).toBeCloseTo(precision, 12); // shares of counts
      expect(found.recall).toBeCloseTo(recall, 12);
    },
  );

  it("takes three neighbours by default", () => {
    const { a, b, precisionRecall } = featureCases[0]!;
    expect(precisionAndRecall(a, b)).toEqual(expect.objectContaining({ precision: precisionRecall[1]!.precision }));
  });

  it("is whole between a set and itself, and nothing between sets far apart", () => {
    const { a } = featureCases[0]!;
    expect(precisionAndRecall(a, a)).toEqual({ precision: 1, recall: 1 });
    const far = tensor(a.data.map((value) => (value as number) + 100) as Float32Array, a.dims);
    expect(precisionAndRecall(a, far)).toEqual({ precision: 0, recall: 0 });
  });

  it("refuses sets that are too small or of other widths", () => {
    const [few, other] = [tensor(new Float32Array(6), [3, 2]), tensor(new Float32Array(20), [4, 5])];
    expect(() => precisionAndRecall(few, few)).toThrow("generated: expected [N, D] with N above 3, got [3, 2]");
    expect(() => precisionAndRecall(few, other, 1)).toThrow("expected features of one width, got 2 and 5");
  });
});
