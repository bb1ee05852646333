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

/* The reference's schedulers on networks that are one formula: noise tables and every sample of every walk. */

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

/** The samples of a walk, in the space of the reference's scheduler. */
async function walk(run: RunFixture): Promise<{ config: SchedulerConfig; samples: Tensor[] }> {
  const { eta, use_clipped_model_output: epsFromClippedX0 } = run.step;
  const text = JSON.stringify({ _class_name: run.scheduler, ...run.config });
  const config = readSchedulerConfig(text, "scheduler_config.json", { eta, epsFromClippedX0 });
  const timesteps = config.timesteps(run.steps);
  const xT = tensor(Float32Array.from(run.start), run.shape);
  const options = { ...config, timesteps, xT, random: createRandom(run.seed) };
  const samples: Tensor[] = [];
  for await (const { xt, step } of sample(denoiser(run.network, config), options)) {
    const next = run.timesteps[step];
    const sigma = next === undefined || !IN_SIGMA_SPACE.includes(run.scheduler) ? 0 : sigmaOf(config.schedule, next);
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

describe("walks of the reference's schedulers", () => {
  it.each(fixture.runs.map((run) => [run.name, run] as const))("%s", async (_, run) => {
    const { config, samples } = await walk(run);
    expectClose(config.timesteps(run.steps), run.timesteps, { maxAbs: 1e-3 }); // Karras timesteps, from logarithms in float32
    expect(samples.length).toBe(run.samples.length);
    for (const [i, expected] of run.samples.entries()) expectRelative(valuesOf(samples[i]!), expected, FLOAT32);
  });
});

/** Rounding of float32 over up to 27 steps; the largest difference of all walks is 8e-7 of the sample's largest value. */
const FLOAT32 = 2e-6;
