import { guide, withGuidance, type Denoiser } from "@unclip/sampler";
import { tensor, valuesOf, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const row = (...values: number[]): Tensor => tensor(Float32Array.from(values), [1, values.length]);

describe("guide", () => {
  it.each([
    [0, [1, 2]],
    [1, [3, 1]],
    [4, [9, -2]], // 1 + 4 (3 - 1), 2 + 4 (1 - 2)
  ])("with scale %d", (scale, expected) => {
    expect([...valuesOf(guide(row(1, 2), row(3, 1), scale))]).toEqual(expected);
  });
});

describe("withGuidance", () => {
  const signal = new AbortController().signal;

  /** Its output is x in the unconditional row and -x in the other; its variance is the row's number. */
  const twice =
    (seen: unknown[], learned: boolean): Denoiser =>
    async (xt, t, stop) => {
      seen.push([...valuesOf(xt)], xt.dims, t, stop);
      const [a, b] = [valuesOf(xt)[0]!, valuesOf(xt)[1]!];
      const output = tensor(Float32Array.of(a, -b), [2, 1]);
      return { type: "v_prediction", output, ...(learned && { variance: tensor(Float32Array.of(0, 1), [2, 1]) }) };
    };

  it("shows the network every sample twice and mixes what it says", async () => {
    const seen: unknown[] = [];
    const guided = await withGuidance(twice(seen, true), 3)(row(2), 7, signal);
    expect(seen).toEqual([[2, 2], [2, 1], 7, signal]);
    expect(guided.type).toBe("v_prediction");
    expect(guided.output.dims).toEqual([1, 1]);
    expect([...valuesOf(guided.output)]).toEqual([2 + 3 * (-2 - 2)]);
  });

  it("keeps what it mixed", async () => {
    const { unguided } = await withGuidance(twice([], false), 3)(row(2), 7);
    expect([...valuesOf(unguided!.uncond)]).toEqual([2]);
    expect([...valuesOf(unguided!.cond)]).toEqual([-2]);
  });

  it("takes a learned variance from the conditional half, and leaves it out where there is none", async () => {
    const { variance } = await withGuidance(twice([], true), 3)(row(2), 7);
    expect([...valuesOf(variance!)]).toEqual([1]);
    expect((await withGuidance(twice([], false), 3)(row(2), 7)).variance).toBeUndefined();
  });
});
