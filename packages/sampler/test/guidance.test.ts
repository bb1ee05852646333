import {
  checkGuidanceInterval,
  createSchedule,
  guide,
  guidedWithin,
  withGuidance,
  type Denoiser,
} from "@unclip/sampler";
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

describe("guidedWithin", () => {
  /** Denoisers that note who was asked, and when they were made. */
  const noting = () => {
    const seen: (string | number)[] = [];
    const maker = (name: string) => () => {
      seen.push(`new ${name}`);
      const denoise: Denoiser = async (xt, t) => {
        seen.push(name, t);
        return { type: "sample", output: xt };
      };
      return denoise;
    };
    return { seen, guided: maker("guided"), plain: maker("plain") };
  };

  it("asks the guided one from the lower to the higher timestep, and makes it anew when that changes", async () => {
    const { seen, guided, plain } = noting();
    const denoise = guidedWithin([200, 800], guided, plain);
    for (const t of [999, 801, 800, 200, 199.5, 0]) await denoise(row(1), t);
    expect(seen).toEqual(
      ["new plain", "plain", 999, "plain", 801].concat(
        ["new guided", "guided", 800, "guided", 200],
        ["new plain", "plain", 199.5, "plain", 0],
      ),
    );
  });

  it("is guided everywhere without an interval", async () => {
    const { seen, guided, plain } = noting();
    const denoise = guidedWithin(undefined, guided, plain);
    for (const t of [999, 0]) await denoise(row(1), t);
    expect(seen).toEqual(["new guided", "guided", 999, "guided", 0]);
  });
});

describe("checkGuidanceInterval", () => {
  const schedule = createSchedule({ length: 100 });

  it.each([[[0, 99]], [[5, 5]]])("takes %j", (interval) => {
    expect(() => checkGuidanceInterval("prior.guidanceInterval", interval, schedule)).not.toThrow();
  });

  it.each([
    [[0, 100]],
    [[-1, 5]],
    [[6, 5]],
    [[0.5, 5]],
    [[1]],
    [[1, 2, 3]],
    ["12"],
    [null],
    [{ 0: 1, 1: 2, length: 2 }],
  ])("refuses %j", (interval) => {
    expect(() => checkGuidanceInterval("prior.guidanceInterval", interval, schedule)).toThrow(
      expect.objectContaining({
        code: "input",
        message: `prior.guidanceInterval: expected two timesteps from 0 to 99, the lower first, such as [200, 800], got ${JSON.stringify(interval)}`,
      }),
    );
  });
});
