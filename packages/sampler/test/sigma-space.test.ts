import {
  createSampler,
  createSchedule,
  rescaleZeroTerminalSnr,
  sample,
  type Denoiser,
  type NoiseSchedule,
  type Sampler,
  type SamplerSpec,
} from "@unclip/sampler";
import { createRandom, filled, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { scaledLinear } from "./toy.js";

const sigmaOf = (bar: number) => Math.sqrt((1 - bar) / bar);

/** The levels of a run on the sampler's own timesteps. */
function levels(sampler: Sampler, steps: number, schedule = scaledLinear): { timesteps: number[]; sigmas: number[] } {
  const timesteps = sampler.timesteps(schedule, steps);
  return { timesteps, sigmas: sampler.alphasCumprod!({ schedule, timesteps }).map(sigmaOf) };
}

/** The timestep of a level, even in log σ between its neighbours. */
function timestepOf({ alphasCumprod }: NoiseSchedule, sigma: number): number {
  const logs = Array.from(alphasCumprod, (bar) => Math.log(sigmaOf(bar)));
  const above = logs.findIndex((log) => log >= Math.log(sigma));
  if (above < 0) return logs.length - 1;
  return above === 0 ? 0 : above - (logs[above]! - Math.log(sigma)) / (logs[above]! - logs[above - 1]!);
}

const solvers = ["dpmpp-2m", "unipc"] as const;

describe("levels", () => {
  it.each(["euler", "euler-ancestral", "heun", "lms", ...solvers] as const)("of %s fall to 0", (name) => {
    for (const sigmas of ["timesteps", "karras", "exponential"] as const) {
      const found = levels(createSampler({ name, sigmas } as SamplerSpec), 10).sigmas;
      expect(found.length).toBe(11);
      expect(found.toSorted((a, b) => b - a)).toEqual(found);
      expect(found.at(-1)).toBe(0);
      expect(found.at(-2)).toBeGreaterThan(0);
    }
  });

  it("are even in σ^(1/7), or in log σ, between the schedule's ends", () => {
    const [least, most] = [0, 999].map((t) => sigmaOf(scaledLinear.alphasCumprod[t]!)) as [number, number];
    for (const [sigmas, scale] of [
      ["karras", (sigma: number) => sigma ** (1 / 7)],
      ["exponential", Math.log],
    ] as const) {
      const found = levels(createSampler({ name: "unipc", sigmas }), 5)
        .sigmas.slice(0, -1)
        .map(scale);
      found.forEach((value, i) => {
        const expected = scale(most) + (i / 4) * (scale(least) - scale(most));
        expect(Math.abs(value - expected)).toBeLessThan(1e-5); // float32
      });
    }
  });

  it.each(["karras", "exponential"] as const)("of a single step are the noisiest and 0: %s", (sigmas) => {
    for (const name of ["euler", ...solvers] as const) {
      const { timesteps, sigmas: found } = levels(createSampler({ name, sigmas } as SamplerSpec), 1);
      expect(timesteps.length).toBe(1);
      expect(found[0]).toBeGreaterThan(0);
      expect(found[1]).toBe(0);
    }
  });

  it("end at the schedule's least σ if asked to", () => {
    const { sigmas } = levels(createSampler({ name: "euler", finalSigma: "sigma_min" }), 4);
    expect(Math.abs(sigmas.at(-1)! / sigmaOf(scaledLinear.alphasCumprod[0]!) - 1)).toBeLessThan(1e-5); // float32
  });
});

describe("timesteps of the multistep solvers on levels of their own", () => {
  const fractions = (sigmas: readonly number[]) => sigmas.slice(0, -1).map((sigma) => timestepOf(scaledLinear, sigma));

  it.each(solvers)("are rounded on Karras levels: %s", (name) => {
    const { timesteps, sigmas } = levels(createSampler({ name, sigmas: "karras" } as SamplerSpec), 25);
    const exact = fractions(sigmas);
    timesteps.forEach((t, i) => expect(Math.abs(t - exact[i]!)).toBeLessThan(0.51)); // logarithms in float32
    expect(timesteps.some((t, i) => t > exact[i]! + 0.05)).toBe(true);
  });

  it.each([
    ["dpmpp-2m", { sigmas: "karras", truncateTimesteps: true }],
    ["dpmpp-2m", { sigmas: "exponential" }],
    ["unipc", { sigmas: "exponential" }],
  ])("lose their fraction: %s %j", (name, options) => {
    const { timesteps, sigmas } = levels(createSampler({ name, ...options } as SamplerSpec), 25);
    const exact = fractions(sigmas);
    timesteps.forEach((t, i) => expect(t).toBeLessThan(exact[i]! + 0.01)); // logarithms in float32
    expect(exact.some((value, i) => value - timesteps[i]! > 0.6)).toBe(true);
  });
});

describe("a schedule that ends without signal", () => {
  const schedule = rescaleZeroTerminalSnr(createSchedule({ betaSchedule: "scaled_linear" }));

  it("begins at ᾱ = 2^-24, as the reference takes it, and can be sampled", async () => {
    const sampler = createSampler("euler");
    const { timesteps, sigmas } = levels(sampler, 5, schedule);
    expect(Math.abs(sigmas[0]! / 4096 - 1)).toBeLessThan(1e-4);
    const one: Denoiser = async () => ({ type: "sample", output: filled([1, 4], 0.5) });
    const end = await sample(one, {
      sampler,
      schedule,
      timesteps,
      xT: createRandom(0).normal([1, 4]),
      random: createRandom(0),
    });
    for (const value of valuesOf(end)) expect(Math.abs(value - 0.5)).toBeLessThan(1e-6); // float32
  });
});

describe("a schedule of one timestep", () => {
  it("can be sampled in one step", () => {
    const schedule = createSchedule({ length: 1 });
    const { timesteps, sigmas } = levels(createSampler("euler"), 1, schedule);
    expect(timesteps).toEqual([0]);
    expect(Math.abs(sigmas[0]! / sigmaOf(schedule.alphasCumprod[0]!) - 1)).toBeLessThan(1e-5); // float32
  });
});

describe("timesteps that are not the sampler's own", () => {
  it("are refused with levels of their own", () => {
    const sampler = createSampler({ name: "euler", sigmas: "karras" });
    const path = { schedule: scaledLinear, timesteps: [999, 500, 0] };
    expect(() => sampler.alphasCumprod!(path)).toThrow(expect.objectContaining({ code: "input" }));
  });
});
