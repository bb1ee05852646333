import { UnclipError, checkAborted, map, type Tensor, type Random } from "@unclip/tensor";
import type { Denoiser, Prediction } from "./prediction.js";
import type { NoiseSchedule } from "./schedule.js";

/** What one step of a sampler gives. */
export interface Step {
  /** x at the next, earlier timestep. */
  readonly xt: Tensor;
  /** The clean sample as predicted at this step: what a preview shows. */
  readonly x0: Tensor;
}

/** The process a sampler runs in. */
export interface Process {
  readonly schedule: NoiseSchedule;
  /** Training timesteps to visit, descending; ascending for an inversion. A method that evaluates the network twice
   * around one timestep has it twice. */
  readonly timesteps: readonly number[];
  readonly random: Random;
}

/** A rule for going from x_t to an earlier x. `begin` opens one run, and whatever the rule must remember lives in that run. */
export interface Sampler {
  readonly name: string;
  /** The sampler's own timesteps for a walk of `steps` steps, in the order of {@link Process.timesteps}.
   * @throws UnclipError "input" if the schedule has not enough timesteps */
  timesteps(schedule: NoiseSchedule, steps: number): number[];
  /** What standard normal noise is multiplied by to become an x_T of this process; 1 where this is absent. The samplers
   * that walk in σ start from σ_T ε, which in the Denoiser's space is a little less than ε. */
  initialScale?(process: Process): number;
  /** @returns a function of the prediction at timesteps[index] for xt */
  begin(process: Process): (prediction: Prediction, xt: Tensor, index: number) => Step;
}

/** Options of {@link sample}. */
export interface SampleOptions extends Process {
  readonly sampler: Sampler;
  /** Where the walk starts: standard normal for a generation. */
  readonly xT: Tensor;
  /** What xT is: "noise", standard normal, which is multiplied by the sampler's initial scale (default), or "sample",
   * an x_t of the first timestep, such as an inverted or a noised picture, which is taken as it is. */
  readonly start?: "noise" | "sample";
  /** Stops the walk between two steps. */
  readonly signal?: AbortSignal;
}

/** Progress of a walk: `step` of `steps` is done. */
export interface SampleStep extends Step {
  /** 1 to steps. */
  readonly step: number;
  readonly steps: number;
  /** The training timestep that was left. */
  readonly t: number;
}

/** Walks from x_T to x_0, one step each time the caller asks; watch it with `for await`, stop it with `signal` or `break`.
 * @returns the final sample, of xT's shape
 * @throws UnclipError "aborted" if `signal` fires, "input" if there is no timestep */
export async function* sample(denoise: Denoiser, options: SampleOptions): AsyncGenerator<SampleStep, Tensor> {
  const { sampler, timesteps, xT, start = "noise", signal } = options;
  if (timesteps.length === 0) throw new UnclipError("input", "sample: timesteps is empty");
  const advance = sampler.begin(options);
  const scale = start === "noise" ? (sampler.initialScale?.(options) ?? 1) : 1;
  let xt = scale === 1 ? xT : map(xT, (value) => scale * value);
  for (const [index, t] of timesteps.entries()) {
    checkAborted(signal, `step ${index + 1} of ${timesteps.length}`);
    const next = advance(await denoise(xt, t, signal), xt, index);
    xt = next.xt;
    yield { ...next, step: index + 1, steps: timesteps.length, t };
  }
  return xt;
}

/** Runs a generator to its end and gives what it returns. */
export async function finish<T>(generator: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { done, value } = await generator.next();
    if (done) return value as T;
  }
}
