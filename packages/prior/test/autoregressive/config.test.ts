import { readAutoregressivePriorConfig } from "@unclip/prior";
import { isUnclipError } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { readFixture } from "../../../../test-support/index.js";

const WHERE = "toy/prior_autoregressive/config.json";
const json = readFixture<Record<string, unknown>>("autoregressive-tiny/prior_autoregressive/config.json");
const read = (changes: Record<string, unknown>) => () => readAutoregressivePriorConfig({ ...json, ...changes }, WHERE);

describe("readAutoregressivePriorConfig", () => {
  it("reads every size", () => {
    expect(read({})()).toEqual({
      heads: 2,
      headWidth: 8,
      layers: 2,
      embeddingWidth: 12,
      textWidth: 10,
      textLength: 9,
      components: 7,
      buckets: 5,
      dotProductBounds: [0.1, 0.2, 0.3],
    });
  });

  it("refuses another class, a missing size, and bounds that do not divide the dot products into two halves", () => {
    expect(read({ _class_name: "PriorTransformer" })).toThrow(`${WHERE}: _class_name "PriorTransformer"`);
    expect(read({ num_components: undefined })).toThrow(
      `${WHERE}: num_components: expected an integer from 1 to 1024, got nothing`,
    );
    for (const bounds of [[], [0.1, 0.2], [0.3, 0.2, 0.1], [0, 1, 2], [NaN]]) {
      const attempt = read({ dot_product_bounds: bounds });
      expect(attempt).toThrow(`${WHERE}: dot_product_bounds: expected`);
      expect(attempt).toThrow(expect.toSatisfy((error) => isUnclipError(error, "config")));
    }
  });
});
