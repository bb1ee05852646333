import { createRun, tensor, type Picture } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { createTimeline, type Stage, type StageStep } from "../src/timeline.js";

async function run<T>(stage: Stage<T>, timeline = createTimeline()) {
  const steps: StageStep[] = [];
  const work = timeline.run(stage);
  for (;;) {
    const next = await work.next();
    if (next.done) return { steps, result: next.value, timings: timeline.timings };
    steps.push(next.value);
  }
}

const counts = (steps: readonly StageStep[]) => steps.map(({ step, steps: all }) => `${step}/${all}`);
/** A run of so many steps. */
const steps = (count: number, said = count) =>
  createRun(async function* () {
    for (let step = 1; step <= count; step++) yield { step, steps: said };
    return "done";
  });

describe("a timeline", () => {
  it("counts 0 to N of N, and notes the time of each stage", async () => {
    const timeline = createTimeline();
    const { steps: seen, result } = await run({ name: "a", steps: 3, work: () => steps(3) }, timeline);
    expect(result).toBe("done");
    expect(counts(seen)).toEqual(["0/3", "1/3", "2/3", "3/3"]);
    await run({ name: "b", work: async () => 5 }, timeline);
    expect(timeline.timings).toEqual([
      { name: "a", steps: 3, ms: expect.any(Number) },
      { name: "b", steps: 1, ms: expect.any(Number) },
    ]);
    expect(timeline.timings[0]!.ms).toBeGreaterThanOrEqual(0);
    expect(timeline.timings[0]!.ms).toBeLessThan(10_000);
  });

  it("says that a stage without steps of its own is done", async () => {
    expect(counts((await run({ name: "a", work: async () => 5 })).steps)).toEqual(["0/1", "1/1"]);
    expect(counts((await run({ name: "a", steps: 4, work: async () => 5 })).steps)).toEqual(["0/4", "4/4"]);
  });

  it("believes a stage about its steps, and completes what stops early", async () => {
    expect(counts((await run({ name: "a", steps: 9, work: () => steps(2) })).steps)).toEqual(["0/9", "1/2", "2/2"]);
    expect(counts((await run({ name: "a", work: () => steps(1, 3) })).steps)).toEqual(["0/1", "1/3", "3/3"]);
  });

  it("gives previews of steps that have an x0, computed when called", async () => {
    const x0 = tensor(Float32Array.of(1), [1]);
    let previews = 0;
    const work = () =>
      createRun(async function* () {
        yield { step: 1, steps: 2 };
        yield { step: 2, steps: 2, x0 };
        return 0;
      });
    const preview = async (): Promise<Picture[]> => {
      previews++;
      return [];
    };
    const { steps: seen } = await run({ name: "a", work, preview });
    expect(seen.map((step) => step.preview !== undefined)).toEqual([false, false, true]);
    expect(previews).toBe(0);
    await seen[2]!.preview!();
    expect(previews).toBe(1);
    expect((await run({ name: "a", work })).steps.some((step) => "preview" in step)).toBe(false);
  });

  it("gives the event loop a turn before the work of a stage begins", async () => {
    let fired = false;
    const work = async () => fired;
    const running = createTimeline().run({ name: "a", work });
    await running.next();
    setImmediate(() => (fired = true));
    await running.next();
    expect((await running.next()).value).toBe(true);
  });

  it("starts no stage after an abort", async () => {
    let begun = false;
    const work = async () => (begun = true);
    await expect(run({ name: "prior", work }, createTimeline(AbortSignal.abort()))).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringContaining("prior"),
    });
    expect(begun).toBe(false);
  });
});
