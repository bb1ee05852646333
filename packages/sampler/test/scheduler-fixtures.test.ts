import {
  createSchedule,
  readSchedulerConfig,
  rescaleZeroTerminalSnr,
  sample,
  type BetaSchedule,
  type Denoiser,
  type NoiseSchedule,
  type SchedulerConfig,
} from "@unclip/sampler";
import { concatChannels, createRandom, map, splitChannels, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, expectRelative, readFixture } from "../../../test-support/index.js";

/* The reference's schedulers on networks that are one formula: noise tables and every sample of every run. */

interface TableFixture {
  config: {
    beta_schedule: BetaSchedule;
    beta_start?: number;
    beta_end?: number;
    rescale_betas_zero_snr?: boolean;
  };
  indices: number[];
  betas: number[];
  alphasCumprod: number[];
}

interface RunFixture {
  name: string;
  scheduler: string;
  config: Record<string, unknown>;
  network: string;
  steps: number;
  step: { eta?: number; use_clipped_model_output?: boolean };
  seed: number;
  shape: number[];
  initNoiseSigma: number;
  timesteps: number[];
  start: number[];
  samples: number[][];
}

const fixture = readFixture<{ tables: TableFixture[]; runs: RunFixture[] }>("schedulers.json");

const sine = (x: number) => 0.3 * x + 0.1 * Math.sin(3 * x);

/** The outputs of the networks: a prediction, and where twice as wide a variance. */
const NETWORKS: Record<string, (xt: Tensor) => Tensor> = {
  sine: (xt) => map(xt, sine),
  tanh: (xt) => map(xt, Math.tanh),
  "sine-and-variance": (xt) => concatChannels(map(xt, sine), map(xt, Math.cos)),
};

function denoiser(network: string, { predictionType: type }: SchedulerConfig): Denoiser {
  return async (xt) => {
    const out = NETWORKS[network]!(xt);
    if (out.dims[1] === xt.dims[1]) return { type, output: out };
    const [output, variance] = splitChannels(out, xt.dims[1]!);
    return { type, output, variance };
  };
}

/** σ of a timestep of the reference's list; between two it is even in log σ. */
function sigmaOf({ alphasCumprod }: NoiseSchedule, t: number): number {
  const log = (i: number) => Math.log((1 - alphasCumprod[i]!) / alphasCumprod[i]!) / 2;
  const below = Math.min(Math.floor(t), alphasCumprod.length - 2);
  return Math.exp(log(below) + (log(below + 1) - log(below)) * (t - below));
}

const IN_SIGMA_SPACE = ["EulerDiscrete", "EulerAncestralDiscrete", "HeunDiscrete", "LMSDiscrete"].map(
  (name) => `${name}Scheduler`,
);

/** The evaluations of the reference's list after which a step is done. Its Heun has every timestep but the first twice, its PNDM
 * the second: at the first of the two the sample is a guess. */
function stepsOf({ scheduler, timesteps }: RunFixture): number[] {
  const all = timesteps.map((_, i) => i);
  if (scheduler === "HeunDiscreteScheduler") return all.filter((i) => i % 2 === 1 || i === timesteps.length - 1);
  return scheduler === "PNDMScheduler" ? all.slice(1) : all;
}

/** The samples of a run, in the space of the reference's scheduler. */
async function run(fixed: RunFixture): Promise<{ config: SchedulerConfig; samples: Tensor[] }> {
  const { eta, use_clipped_model_output: epsFromClippedX0 } = fixed.step;
  const text = JSON.stringify({ _class_name: fixed.scheduler, ...fixed.config });
  const config = readSchedulerConfig(text, "scheduler_config.json", { eta, epsFromClippedX0 });
  const timesteps = config.timesteps(fixed.steps);
  const xT = tensor(Float32Array.from(fixed.start), fixed.shape);
  const options = { ...config, timesteps, xT, random: createRandom(fixed.seed) };
  const samples: Tensor[] = [];
  for await (const { xt, step } of sample(denoiser(fixed.network, config), options)) {
    const next = timesteps[step];
    const sigma = next === undefined || !IN_SIGMA_SPACE.includes(fixed.scheduler) ? 0 : sigmaOf(config.schedule, next);
    samples.push(map(xt, (value) => value * Math.hypot(sigma, 1)));
  }
  return { config, samples };
}

describe("noise tables of the reference", () => {
  it.each(fixture.tables.map((table) => [JSON.stringify(table.config), table] as const))("%s", (_, table) => {
    const { beta_schedule: betaSchedule, beta_start: betaStart, beta_end: betaEnd, ...rest } = table.config;
    const plain = createSchedule({ betaSchedule, betaStart, betaEnd });
    const { betas, alphasCumprod } = rest.rescale_betas_zero_snr ? rescaleZeroTerminalSnr(plain) : plain;
    const at = (values: Float64Array) => table.indices.map((i) => values[i]!);
    // One unit in the last place, for torch's vectorised exp and sqrt are not rounded correctly. The stretched table takes
    // differences of square roots, and its last betas quotients of these.
    const stretched = rest.rescale_betas_zero_snr === true;
    expectClose(at(betas), table.betas, { maxAbs: stretched ? 5e-6 : 2e-9 });
    expectClose(at(alphasCumprod), table.alphasCumprod, { maxAbs: stretched ? 2e-7 : 0 });
  });
});

describe("runs of the reference's schedulers", () => {
  it.each(fixture.runs.map((fixed) => [fixed.name, fixed] as const))("%s", async (_, fixed) => {
    const { config, samples } = await run(fixed);
    const expected = stepsOf(fixed).map((i) => fixed.samples[i]!);
    const timesteps = fixed.timesteps.filter((t, i, all) => t !== all[i - 1]);
    expectClose(config.timesteps(fixed.steps), timesteps, { maxAbs: 1e-3 }); // Karras timesteps, from logarithms in float32
    expect(timesteps.length).toBe(fixed.steps);
    expect(samples.length).toBe(fixed.steps);
    samples.forEach((xt, i) => expectRelative(valuesOf(xt), expected[i]!, FLOAT32));
  });
});

/** Rounding of float32 over up to 27 steps; the largest difference of all runs is 8e-7 of the sample's largest value. */
const FLOAT32 = 2e-6;
