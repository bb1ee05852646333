import {
  addNoise,
  analyticDpm,
  createSchedule,
  ddpm,
  estimateAnalyticTable,
  sample,
  spaceTimesteps,
  type AnalyticTable,
  type Denoiser,
  type Sampler,
} from "@unclip/sampler";
import { createRandom, map, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { gaussian, linspace, runSampler } from "./toy.js";

/* Data from N(0, 0.5²) in the squared-cosine schedule: the perfect network's Γ_t is (1 - ᾱ) / (0.25 ᾱ + 1 - ᾱ). */

const SPREAD = 0.5;
const schedule = createSchedule();
const denoise = gaussian(schedule, SPREAD);
const none = { kind: "none" } as const;
const timesteps = spaceTimesteps({ spacing: "unclip", steps: 6 });

const spreadAt = (t: number) => Math.sqrt(schedule.alphasCumprod[t]! * (SPREAD ** 2 - 1) + 1);
const table: AnalyticTable = {
  timesteps,
  gamma: timesteps.map((t) => (1 - schedule.alphasCumprod[t]!) / spreadAt(t) ** 2),
};

const root = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x ** 2, 0) / values.length);

/** By how much the spread of a run's samples is off at worst, relative to what it should be at their timesteps. */
async function spreadError(sampler: Sampler): Promise<number> {
  const xT = createRandom(1).normal([1, 20_000]);
  let [worst, index] = [0, 0];
  for await (const { xt } of sample(denoise, { sampler, schedule, timesteps, xT, random: createRandom(0) })) {
    const t = timesteps[++index];
    if (t !== undefined) worst = Math.max(worst, Math.abs(root(valuesOf(xt)) / spreadAt(t) - 1));
  }
  return worst;
}

describe("analyticDpm", () => {
  it.each([1, 0.5, 0])("keeps the spread of the data at every timestep of a run of six, eta %d", async (eta) => {
    expect(await spreadError(analyticDpm({ table, eta, clipping: none }))).toBeLessThan(0.02); // 20,000 values leave 0.5 %
  });

  it("which DDPM does not", async () => {
    expect(await spreadError(ddpm({ clipping: none }))).toBeGreaterThan(0.1);
  });

  it("is DDPM for a network whose variance is spent", async () => {
    const spent = { timesteps, gamma: timesteps.map(() => 1) };
    const [xT, steps] = [linspace([1, 16]), 6];
    const analytic = await runSampler(denoise, { sampler: analyticDpm({ table: spent }), steps, schedule, xT });
    const plain = await runSampler(denoise, { sampler: ddpm(), steps, schedule, xT });
    expect(Math.max(...analytic.map((x, i) => Math.abs(x - plain[i]!)))).toBeLessThan(1e-3); // α of the first step is 4e-8
  });

  it("limits the noise of the last steps if asked to", async () => {
    const last = async (clippedSteps: number) => {
      const sampler = analyticDpm({ table, clipping: none, clippedSteps });
      const xT = createRandom(1).normal([1, 20_000]);
      const seen: Float32Array[] = [];
      const running = sample(denoise, { sampler, schedule, timesteps, xT, random: createRandom(0) });
      for await (const { xt } of running) seen.push(valuesOf(xt));
      return seen.at(-2)!;
    };
    const [free, limited] = [await last(0), await last(1)];
    expect(root(limited)).toBeLessThan(root(free));
    // On data that are 0 the step before the last ends with its noise alone: of mean magnitude 2/255 of the range [-1, 1].
    const nothing = map(createRandom(1).normal([1, 20_000]), () => 0);
    const zero: Denoiser = async () => ({ type: "sample", output: nothing });
    const sampler = analyticDpm({ table, clipping: none, clippedSteps: 2 });
    const options = { sampler, schedule, timesteps: timesteps.slice(-2), xT: nothing, random: createRandom(0) };
    for await (const { xt, step } of sample(zero, options)) {
      if (step > 1) continue;
      const magnitude = valuesOf(xt).reduce((sum, x) => sum + Math.abs(x), 0) / 20_000;
      expect(Math.abs(magnitude / (2 * (2 / 255)) - 1)).toBeLessThan(0.02); // 20,000 values leave 0.5 %
    }
  });

  it("refuses a timestep that its table lacks", async () => {
    const sampler = analyticDpm({ table });
    const message = /^sampler analytic-dpm: its table of 6 steps lacks timestep 832; take as many steps or estimate/;
    expect(() => sampler.timesteps(schedule, 7)).toThrow(message);
    const options = { sampler, schedule, timesteps: [999, 832, 0], xT: linspace([1, 4]), random: createRandom(0) };
    await expect(Promise.resolve(sample(denoise, options))).rejects.toThrow(message);
  });

  it("refuses a table with more timesteps than values", () => {
    const create = () => analyticDpm({ table: { timesteps, gamma: [1] } });
    expect(create).toThrow(/^sampler analytic-dpm: its table has 6 timesteps, but 1 values of gamma; estimate it anew/);
  });
});

describe("estimateAnalyticTable", () => {
  const data = (seed: number) => map(createRandom(seed).normal([10, 1_000]), (x) => SPREAD * x);

  it("finds Γ of every timestep, from batches of data", async () => {
    const batches = [2, 3].map((seed) => ({ denoise, x0: data(seed) }));
    const found = await estimateAnalyticTable({ schedule, timesteps, batches, random: createRandom(0) });
    expect(found.timesteps).toEqual(timesteps);
    found.gamma.forEach((gamma, i) => expect(Math.abs(gamma / table.gamma[i]! - 1)).toBeLessThan(0.03)); // 20,000 values: 1 %
  });

  it("draws the noise itself", async () => {
    const x0 = linspace([1, 16]);
    const seen: Float32Array[] = [];
    const watching = {
      x0,
      denoise: async (xt: typeof x0) => (seen.push(valuesOf(xt)), { type: "epsilon" as const, output: xt }),
    };
    await estimateAnalyticTable({ schedule, timesteps: [500], batches: [watching], random: createRandom(7) });
    expect(seen).toEqual([valuesOf(addNoise(x0, createRandom(7).normal([1, 16]), schedule.alphasCumprod[500]!))]);
  });

  it("tells its progress and can be stopped", async () => {
    const batches = [{ denoise, x0: linspace([1, 4]) }];
    const controller = new AbortController();
    const estimate = estimateAnalyticTable({
      schedule,
      timesteps,
      batches,
      random: createRandom(0),
      signal: controller.signal,
    });
    const steps = estimate[Symbol.asyncIterator]();
    expect((await steps.next()).value).toEqual({ step: 1, steps: 6 });
    controller.abort();
    await expect(steps.next()).rejects.toMatchObject({ code: "aborted" });
  });

  it("needs data", async () => {
    const estimate = estimateAnalyticTable({ schedule, timesteps, batches: [], random: createRandom(0) });
    await expect(Promise.resolve(estimate)).rejects.toThrow(/an estimate needs timesteps and batches of data/);
  });
});
