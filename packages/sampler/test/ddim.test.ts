import {
  createSampler,
  createSchedule,
  ddim,
  epsFromX0,
  readSchedulerConfig,
  sample,
  type Denoiser,
  type Sampler,
} from "@unclip/sampler";
import { createRandom, map, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, largestDifference } from "../../../test-support/index.js";
import { firstStep, linspace } from "./toy.js";

const schedule = createSchedule();

/** A network whose x_0 leaves [-1, 1], as guidance makes it. */
const overshooting: Denoiser = async (xt) => ({ type: "sample", output: map(xt, (x) => 3 * Math.tanh(x)) });

/** x at t = 333, on the way from 999 down by `stride`. */
async function at333(sampler: Sampler, stride: number): Promise<Float32Array> {
  const timesteps = Array.from({ length: 999 / stride + 1 }, (_, i) => 999 - stride * i);
  const xT = createRandom(3).normal([1, 16]);
  const steps = sample(overshooting, { sampler, schedule, timesteps, xT, random: createRandom(0) });
  for await (const { xt, t } of steps) if (t === 333 + stride) return valuesOf(xt);
  throw new Error("the run does not pass t = 333");
}

describe("ddim, chosen by name, where x_0 is clipped", () => {
  it("comes closer to one solution with more steps", async () => {
    const sampler = createSampler("ddim");
    const fine = await at333(sampler, 1);
    const errors: number[] = [];
    for (const stride of [111, 37, 9]) errors.push(largestDifference(await at333(sampler, stride), fine));
    expect(errors[0]).toBeLessThan(0.2);
    expect(errors[1]).toBeLessThan(errors[0]! / 2.5); // of first order: a third of the stride, about a third of the error
    expect(errors[2]).toBeLessThan(errors[1]! / 3.5);
  });

  it("which it does not with the network's own ε: more steps lead further away", async () => {
    const fine = await at333(ddim(), 1);
    const own = ddim({ epsFromClippedX0: false });
    const errors: number[] = [];
    for (const stride of [111, 37, 9]) errors.push(largestDifference(await at333(own, stride), fine));
    expect(errors[0]).toBeGreaterThan(1);
    expect(errors[1]).toBeGreaterThan(errors[0]!);
    expect(errors[2]).toBeGreaterThan(errors[1]!);
  });

  it("stays on x_t = sqrt(ᾱ) x_0 + sqrt(1 - ᾱ) ε", async () => {
    const xT = linspace([1, 16]);
    const options = { sampler: ddim(), schedule, timesteps: [800, 400, 0], xT, random: createRandom(0) };
    const { xt, x0 } = await firstStep(sample(overshooting, options));
    const [before, after] = [800, 400].map((t) => schedule.alphasCumprod[t]!) as [number, number];
    expect(Math.max(...valuesOf(x0).map(Math.abs))).toBe(1);
    expectClose(valuesOf(epsFromX0(xt, x0, after)), valuesOf(epsFromX0(xT, x0, before)), { maxAbs: 1e-6 }); // float32
  });
});

describe("ddim with eta 0", () => {
  it("draws no random number", async () => {
    const normal = () => {
      throw new Error("drawn");
    };
    const options = { schedule, timesteps: [500, 0], xT: linspace([1, 4]), random: { normal, uniform: normal } };
    await sample(overshooting, { ...options, sampler: ddim({ eta: 0 }) });
    await expect(sample(overshooting, { ...options, sampler: ddim({ eta: 0.1 }) })).rejects.toThrow("drawn");
  });
});

describe("ddim without clipping", () => {
  it("takes the network's ε, which no rounding has touched", async () => {
    // At ᾱ of 0.0001 the network's ε would be lost in an x_0 that is a hundred times as large.
    const free = { clipping: { kind: "none" } } as const;
    const sine: Denoiser = async (xt) => ({ type: "epsilon", output: map(xt, Math.sin) });
    const run = async (sampler: Sampler) => {
      const options = { sampler, schedule, timesteps: [999, 500, 10], random: createRandom(0) };
      return valuesOf(await sample(sine, { ...options, xT: createRandom(3).normal([1, 4_000]) }));
    };
    const [own, taken] = [ddim({ ...free, epsFromClippedX0: false }), ddim(free)];
    expect(await run(taken)).toEqual(await run(own));
    const wide = ddim({ clipping: { kind: "range", range: 1e9 } }); // clips nothing, and takes ε from x_0
    expect(await run(wide)).not.toEqual(await run(own));
  });
});

describe("a DDIMScheduler file", () => {
  it("keeps the reference's ε, the network's own, unless it is told otherwise", async () => {
    const text = JSON.stringify({ _class_name: "DDIMScheduler", beta_schedule: "squaredcos_cap_v2" });
    const read = (step: object) => at333(readSchedulerConfig(text, "scheduler_config.json", step).sampler, 333);
    const strided = (epsFromClippedX0: boolean) => at333(ddim({ previous: "stride", epsFromClippedX0 }), 333);
    expect(await read({})).toEqual(await strided(false));
    expect(await read({ epsFromClippedX0: undefined })).toEqual(await strided(false));
    expect(await read({ epsFromClippedX0: true })).toEqual(await strided(true));
    expect(await strided(true)).not.toEqual(await strided(false));
  });
});

describe("ddim that ends above the clean end", () => {
  const endTimestep = 20;

  it("takes its timesteps above it", () => {
    const timesteps = ddim({ endTimestep }).timesteps(schedule, 10);
    expect(timesteps).toHaveLength(10);
    expect(timesteps[0]).toBe(999);
    expect(timesteps[9]).toBe(118); // 20 and a tenth of the way to 999
    expect(() => ddim({ endTimestep: 1000 }).timesteps(schedule, 10)).toThrow(/^endTimestep: expected a timestep of/);
  });

  it("leads to its level, without noise in the last step", async () => {
    const x0 = linspace([1, 16]);
    const denoise: Denoiser = async () => ({ type: "sample", output: x0 });
    const xT = linspace([1, 16]);
    const end = (eta: number, timesteps: number[]) =>
      sample(denoise, {
        sampler: ddim({ endTimestep, eta }),
        schedule,
        timesteps,
        xT,
        random: createRandom(0),
        start: "sample",
      });
    const noisy = valuesOf(await end(1, [500]));
    expect(noisy).toEqual(valuesOf(await end(0, [500])));
    expect(largestDifference(valuesOf(await end(1, [500, 100])), noisy)).toBeGreaterThan(0.01);
    const [barT, barEnd] = [500, endTimestep].map((t) => schedule.alphasCumprod[t]!) as [number, number];
    const eps = valuesOf(epsFromX0(xT, x0, barT));
    const expected = valuesOf(x0).map((x, i) => Math.sqrt(barEnd) * x + Math.sqrt(1 - barEnd) * eps[i]!);
    expectClose(noisy, expected, { maxAbs: 1e-6 }); // float32
  });

  it("tells those that start on its way what its levels are", () => {
    const levels = ddim({ endTimestep }).alphasCumprod!({ schedule, timesteps: [800, 400] });
    expect(levels).toEqual([800, 400, endTimestep].map((t) => schedule.alphasCumprod[t]!));
  });
});
