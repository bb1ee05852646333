import {
  createSchedule,
  sample,
  type Denoiser,
  type NoiseSchedule,
  type Sampler,
  type SampleStep,
} from "@unclip/sampler";
import { createRandom, map, tensor, valuesOf, type Tensor } from "@unclip/tensor";

/** Evenly spaced values from -1 to 1. */
export function linspace(dims: readonly number[]): Tensor {
  const size = dims.reduce((a, b) => a * b);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => -1 + (2 * i) / (size - 1)),
    dims,
  );
}

/** The network of the check values: ε = 0.3 x + 0.1 sin 3x. */
export const sine: Denoiser = async (xt) => ({
  type: "epsilon",
  output: map(xt, (x) => 0.3 * x + 0.1 * Math.sin(3 * x)),
});

/** The schedule of the check values. */
export const scaledLinear = createSchedule({ betaSchedule: "scaled_linear", betaStart: 0.00085, betaEnd: 0.012 });

/** The perfect network for data that are one point. */
export function point(x0: Tensor): Denoiser {
  return async () => ({ type: "sample", output: x0 });
}

/** The perfect network for data from N(0, spread²): x_0 = sqrt(ᾱ) spread² / (ᾱ spread² + 1 - ᾱ) x_t. */
export function gaussian({ alphasCumprod }: NoiseSchedule, spread: number): Denoiser {
  return async (xt, t) => {
    const bar = alphasCumprod[t]!;
    const factor = (Math.sqrt(bar) * spread ** 2) / (bar * spread ** 2 + 1 - bar);
    return { type: "sample", output: map(xt, (x) => factor * x) };
  };
}

/** Options of {@link runSampler}. */
export interface RunOptions {
  readonly sampler: Sampler;
  readonly steps: number;
  readonly xT: Tensor;
  /** Default {@link scaledLinear}. */
  readonly schedule?: NoiseSchedule;
  readonly start?: "noise" | "sample";
}

/** The first step of a run, which stops there. */
export async function firstStep(run: AsyncIterable<SampleStep>): Promise<SampleStep> {
  for await (const step of run) return step;
  throw new Error("the run has no step");
}

/** The end of a run on the sampler's own timesteps, seed 0. */
export async function runSampler(denoise: Denoiser, options: RunOptions): Promise<Float32Array> {
  const { sampler, steps, schedule = scaledLinear, xT, start } = options;
  const timesteps = sampler.timesteps(schedule, steps);
  return valuesOf(await sample(denoise, { sampler, schedule, timesteps, xT, start, random: createRandom(0) }));
}
