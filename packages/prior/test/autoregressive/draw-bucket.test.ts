import { drawBucket } from "@unclip/prior";
import { createRandom, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const logits = Float32Array.of(0.5, 2, -1, 1.5, -30);

function softmax(values: readonly number[]): number[] {
  const weights = values.map(Math.exp);
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** How often each bucket is drawn at evenly spread u. */
function shares(options: { temperature: number; topP: number }, count = 20_000): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < count; i++) counts[drawBucket(logits, (i + 0.5) / count, options)]!++;
  return counts.map((n) => n / count);
}

function expectShares(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((share, i) => expect(Math.abs(share - expected[i]!)).toBeLessThan(1e-4)); // 2 of 20,000 draws
}

describe("drawBucket", () => {
  it("draws each bucket as often as softmax of the logits over the temperature says", () => {
    for (const temperature of [0.5, 1, 3]) {
      const expected = softmax([...logits].map((logit) => logit / temperature));
      expectShares(shares({ temperature, topP: 1 }), expected);
    }
  });

  it("takes the likeliest at temperature 0, whatever u", () => {
    for (const u of [0, 0.3, 0.999_999]) expect(drawBucket(logits, u, { temperature: 0, topP: 1 })).toBe(1);
  });

  it("keeps the likeliest buckets that together reach topP, in their proportions", () => {
    const [, second, , fourth] = softmax([...logits]);
    const kept = [0, second!, 0, fourth!, 0].map((share) => share / (second! + fourth!));
    expectShares(shares({ temperature: 1, topP: second! + 0.01 }), kept);
    expectShares(shares({ temperature: 1, topP: second! - 0.01 }), [0, 1, 0, 0, 0]);
    expectShares(shares({ temperature: 1, topP: 1e-9 }), [0, 1, 0, 0, 0]);
  });

  it("gives no smaller bucket for a larger u", () => {
    const drawn = valuesOf(createRandom(3).uniform([50]))
      .sort()
      .map((u) => drawBucket(logits, u, { temperature: 1, topP: 0.95 }));
    expect([...drawn]).toEqual([...drawn].sort());
    expect(new Set(drawn).size).toBeGreaterThan(2);
  });

  it("stands logits that overflow an exponential", () => {
    const huge = Float32Array.of(-2000, 3000, 2999);
    expect(drawBucket(huge, 0.1, { temperature: 1, topP: 1 })).toBe(1);
    expect(drawBucket(huge, 0.9, { temperature: 1, topP: 1 })).toBe(2);
    expect(drawBucket(huge, 0.999_999_9, { temperature: 1e-6, topP: 1 })).toBe(1);
  });
});
