import { createScore } from "@unclip/evaluation";
import { expect, it } from "vitest";

/* Expected: statsmodels' proportion_confint(method="wilson"), to four places. */
it.each([
  [8, 10, 0.4902, 0.9433],
  [0, 20, 0, 0.1611],
  [500, 500, 0.9924, 1],
])("has the interval of %i of %i", (right, total, low, high) => {
  const { interval } = createScore(right, total);
  expect(interval![0]).toBeCloseTo(low, 4);
  expect(interval![1]).toBeCloseTo(high, 4);
});

it("has none where there was nothing to judge", () => {
  expect(createScore(0, 0)).toEqual({ right: 0, total: 0, share: null, interval: null });
});
