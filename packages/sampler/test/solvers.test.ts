import {
  createSampler,
  ddim,
  dpmSolver,
  euler,
  heun,
  lms,
  pndm,
  sample,
  unipc,
  type Denoiser,
  type NoiseSchedule,
  type Sampler,
  type SamplerSpec,
} from "@unclip/sampler";
import { createRandom, filled, map, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, largestDifference } from "../../../test-support/index.js";
import { firstStep, gaussian, linspace, point, scaledLinear, sine, runSampler } from "./toy.js";

/* Check values: diffusers 0.33.1 and 0.40.0.dev0 on torch 2.13, seed 0, scaled-linear betas 0.00085-0.012, ε = 0.3 x + 0.1 sin 3x,
 * from linspace(-1, 1, 4) times init_noise_sigma, printed with six decimals. */

const FIVE_DECIMALS = { maxAbs: 1e-5 };

describe("a step", () => {
  it("tells what it first asked of the network, and what that said", async () => {
    const [sampler, schedule, xT] = [heun(), scaledLinear, linspace([1, 1, 2, 2])];
    const timesteps = sampler.timesteps(schedule, 3);
    const asked: unknown[] = [];
    const said: unknown[] = [];
    const denoise: Denoiser = async (xt, t) => {
      const prediction = await sine(xt, t);
      asked.push([t, xt]);
      said.push(prediction);
      return prediction;
    };
    for await (const { step, evaluation } of sample(denoise, {
      sampler,
      schedule,
      timesteps,
      xT,
      random: createRandom(0),
    })) {
      const first = 2 * (step - 1); // Heun asks twice
      expect([evaluation.t, evaluation.xt]).toEqual(asked[first]);
      expect(evaluation.prediction).toBe(said[first]);
    }
    expect(asked.length).toBe(5);
  });
});

describe("check values of the reference's schedulers", () => {
  it.each([
    ["pndm", createSampler({ name: "pndm", stepsOffset: 1 }), [-3.825486, -0.783251, 0.783251, 3.825486]],
    ["dpmpp-2m", createSampler("dpmpp-2m"), [-5.565645, -1.344572, 1.344572, 5.565645]],
    ["dpmpp-2m, karras", createSampler({ name: "dpmpp-2m", sigmas: "karras" }), [-5.324504, -1.2768, 1.2768, 5.324504]],
    ["unipc", createSampler("unipc"), [-5.502313, -1.321771, 1.321771, 5.502313]],
    ["euler", createSampler("euler"), [-6.011055, -1.463192, 1.463192, 6.011055]],
    ["euler-ancestral", createSampler("euler-ancestral"), [-3.366924, -1.57009, -4.958862, 4.889503]],
    ["heun", createSampler("heun"), [-5.298421, -1.256567, 1.256567, 5.298421]],
    ["lms", createSampler("lms"), [-5.704325, -1.401547, 1.401547, 5.704325]],
  ])("%s", async (_, sampler, expected) => {
    const { xT, steps } = { xT: linspace([1, 1, 2, 2]), steps: 10 };
    expectClose(await runSampler(sine, { sampler, steps, xT }), expected, FIVE_DECIMALS);
  });

  it.each([
    ["euler, 20 steps, at timesteps with fractions", euler(), 20, [-5.761461, -1.375549, 1.375549, 5.761461]],
    ["lms, exponential", lms({ sigmas: "exponential" }), 10, [-5.900125, -1.428646, 1.428646, 5.900125]],
    ["euler, churn", euler({ churn: { amount: 5, noise: 0.5 } }), 10, [-1.945894, -0.665753, -4.169926, 3.10027]],
    [
      "euler, churn between two levels",
      euler({ churn: { amount: 5, noise: 0.5, from: 0.5, to: 5 } }),
      10,
      [-3.375692, -1.04991, -1.738651, 3.75507],
    ],
  ])("%s", async (_, sampler, steps, expected) => {
    expectClose(await runSampler(sine, { sampler, steps, xT: linspace([1, 1, 2, 2]) }), expected, FIVE_DECIMALS);
  });
});

/* The perfect network for data from N(0, 0.5²) makes the probability-flow ODE linear, with a known solution:
 * x is as far out at every level as it was at the first, x / sqrt(0.25 + σ²) = x_T / sqrt(0.25 + σ_T²). */

const SPREAD = 0.5;
const xT = linspace([1, 8]);

/** λ falls evenly with t from 4 to -4, so that equal steps in t are equal steps in λ. */
const evenInLambda: NoiseSchedule = {
  length: 1000,
  betas: new Float64Array(1000),
  alphasCumprod: Float64Array.from({ length: 1000 }, (_, t) => 1 / (1 + Math.exp(-2 * (4 - 0.008 * t)))),
};

/** The largest error of a run that ends at the schedule's least σ. */
async function errorOf(sampler: Sampler, steps: number): Promise<number> {
  const schedule = evenInLambda;
  const ends = await runSampler(gaussian(schedule, SPREAD), { sampler, steps, schedule, xT, start: "sample" });
  const [first] = sampler.timesteps(schedule, steps) as [number];
  const spread = (t: number) => Math.sqrt(schedule.alphasCumprod[t]! * (SPREAD ** 2 - 1) + 1);
  const exact = valuesOf(xT).map((x) => (x * spread(0)) / spread(first));
  return largestDifference(ends, exact);
}

const toLeast = { finalSigma: "sigma_min" } as const;
const multistep = { ...toLeast, lowerOrderFinal: false };

describe("solvers on an ODE with a known solution", () => {
  it.each([
    ["euler", 1, euler(toLeast)],
    ["heun", 2, heun(toLeast)],
    ["lms, order 2", 2, lms({ ...toLeast, order: 2 })],
    ["lms, order 3", 3, lms({ ...toLeast, order: 3 })],
    ["lms", 3.6, lms(toLeast)], // its first steps have lower orders
    ["ddim", 1, ddim({ spacing: "linspace", setAlphaToOne: false, clipping: { kind: "none" } })],
    ["pndm", 2, pndm({ spacing: "linspace" })], // its first step has order 2
  ])("%s converges with order %d", async (_, order, sampler) => {
    const [coarse, fine] = [await errorOf(sampler, 38), await errorOf(sampler, 112)]; // 37 and 111 steps to the last timestep
    expect(Math.log(coarse / fine) / Math.log(3)).toBeGreaterThan(order - 0.25);
  });

  it.each([
    ["dpmpp-1", 1, dpmSolver({ ...multistep, order: 1 })],
    ["dpmpp-2m, midpoint", 2, dpmSolver(multistep)],
    ["dpmpp-2m, heun", 2, dpmSolver({ ...multistep, solverType: "heun" })],
    ["dpmpp-3m", 2, dpmSolver({ ...multistep, order: 3 })],
    ["unipc, order 1", 2, unipc({ ...multistep, order: 1 })], // the corrector adds one
    ["unipc, bh2", 3, unipc(multistep)],
    ["unipc, bh1", 3, unipc({ ...multistep, solverType: "bh1" })],
    ["unipc, order 3", 3.8, unipc({ ...multistep, order: 3 })], // float32 stops it below 1e-6
  ])("%s converges with order %d", async (_, order, sampler) => {
    const [coarse, fine] = [await errorOf(sampler, 37), await errorOf(sampler, 111)];
    expect(Math.log(coarse / fine) / Math.log(3)).toBeGreaterThan(order - 0.25);
  });

  it("a higher order is closer for the same number of steps", async () => {
    const errors = await Promise.all(
      ([1, 2, 3] as const).map((order) => errorOf(dpmSolver({ ...multistep, order }), 37)),
    );
    expect(errors[1]).toBeLessThan(errors[0]! / 10);
    expect(errors[2]).toBeLessThan(errors[1]! / 2);
  });
});

describe("churn", () => {
  it("raises σ by its share of the sum before a step, and adds that much noise", async () => {
    const n = 20_000;
    const zero: Denoiser = async (xt) => ({ type: "sample", output: map(xt, () => 0) }); // data that are 0
    const sampler = euler({ churn: { amount: 1, noise: 2 } }); // a tenth for each of ten steps
    const timesteps = sampler.timesteps(scaledLinear, 10);
    const options = { sampler, schedule: scaledLinear, timesteps, start: "sample", random: createRandom(0) } as const;
    const { xt } = await firstStep(sample(zero, { ...options, xT: filled([1, n], 0) }));
    const [from, to] = sampler.alphasCumprod!(options).map((bar) => Math.sqrt((1 - bar) / bar)) as [number, number];
    const raised = 1.1 * from;
    const spread = ((to / raised) * 2 * Math.sqrt(raised ** 2 - from ** 2)) / Math.hypot(to, 1);
    const found = Math.sqrt(valuesOf(xt).reduce((sum, x) => sum + x ** 2, 0) / n);
    expect(Math.abs(found / spread - 1)).toBeLessThan(0.02); // 20,000 values leave 0.5 %
  });
});

describe("noise that a sampler puts back", () => {
  const clipping = { kind: "none" } as const;

  // 5,000 values leave 1 %; at 100 steps the ancestral samplers' variance is still too small for 5 % of the spread
  it.each([
    ["ddpm", 0.06, { clipping }],
    ["ddim", 0.06, { clipping, eta: 1 }],
    ["euler-ancestral", 0.06, { spacing: "trailing" }],
    ["dpmpp-2m-sde", 0.02, {}],
    ["dpmpp-3m-sde", 0.02, {}],
  ] as const)("%s ends with the data's spread", async (name, tolerance, options) => {
    const noise = createRandom(1).normal([1, 5_000]);
    const sampler = createSampler({ name, ...options } as SamplerSpec);
    const ends = await runSampler(gaussian(scaledLinear, SPREAD), { sampler, steps: 100, xT: noise });
    const spread = Math.sqrt(ends.reduce((sum, x) => sum + x ** 2, 0) / ends.length);
    expect(Math.abs(spread / SPREAD - 1)).toBeLessThan(tolerance);
  });
});

describe("solvers at the edges of what they are given", () => {
  const far = filled([1, 8], 3);

  it("pndm steps with the ε of the x_0 in range", async () => {
    const sampler = pndm({ clipping: { kind: "range", range: 1 }, setAlphaToOne: true });
    expectClose(await runSampler(point(far), { sampler, steps: 6, xT }), Array<number>(8).fill(1), { maxAbs: 1e-5 });
  });

  it.each<[string, Sampler]>([
    ["unipc", unipc({ order: 3, lowerOrderFinal: false })],
    ["dpmpp", dpmSolver({ order: 3, lowerOrderFinal: false })],
  ])("%s of full order to the end still ends at σ = 0, on the predicted x_0", async (_, sampler) => {
    expectClose(await runSampler(point(far), { sampler, steps: 20, xT }), valuesOf(far), { maxAbs: 1e-5 });
  });

  it("refuses a prediction of another kind", async () => {
    const flow = (async () => ({ type: "flow", output: far })) as unknown as Denoiser;
    await expect(runSampler(flow, { sampler: ddim(), steps: 2, xT })).rejects.toMatchObject({
      code: "config",
      message: "prediction_type: expected epsilon, sample or v_prediction, got flow",
    });
  });
});
