import { describe, expect, it } from "vitest";
import { createRandomWeights, halfOf } from "../src/random-block.js";

describe("halfOf", () => {
  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [0.333251953125, 0x3555],
    [65504, 0x7bff],
    [1e6, 0x7c00],
    [1 + 2 ** -11, 0x3c00], // a tie: to even, down
    [1 + 3 * 2 ** -11, 0x3c02], // a tie: to even, up
    [2 ** -14, 0x0400],
    [2 ** -20, 0],
  ])("%f is %i", (value, bits) => {
    expect(halfOf(value)).toBe(bits);
  });
});

describe("createRandomWeights", () => {
  it("fills a weight longer than its block with the mean and deviation it was asked for", async () => {
    const parts: Float32Array[] = [];
    await createRandomWeights("F32").fill(3, 2_500_000, { mean: 2, std: 0.5 }, async (bytes) => {
      parts.push(new Float32Array(bytes.slice().buffer));
    });
    const values = parts.flatMap((part) => [...part]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(values.length).toBe(2_500_000);
    expect(mean).toBeCloseTo(2, 2);
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 2);
  });
});
