import {
  UnclipError,
  checkAborted,
  map,
  nextTask,
  valuesOf,
  type Tensor,
  type Random,
  createRun,
  type Run,
} from "@unclip/tensor";
import type { Denoiser, Prediction } from "./prediction.js";
import { alphaBar, type NoiseSchedule } from "./schedule.js";

/** What one step of a sampler gives. */
export interface Step {
  /** x at the next, earlier timestep. */
  readonly xt: Tensor;
  /** The clean sample as predicted at this step: what a preview shows. */
  readonly x0: Tensor;
}

/** The levels that a run goes along. */
export interface Path {
  readonly schedule: NoiseSchedule;
  /** Training timesteps to visit, one for each step: descending, for an inversion ascending. */
  readonly timesteps: readonly number[];
  /** Steps that a plan has in front of `timesteps` and that are left out, as image to image does; default 0. */
  readonly skippedSteps?: number;
}

/** The process a sampler runs in. */
export interface Process extends Path {
  readonly random: Random;
}

/** One step of a sampler: from xt at timesteps[index] to the next level. It asks `denoise` as often as its method needs. */
export type Advance = (denoise: Denoiser, xt: Tensor, index: number) => Promise<Step>;

/** A rule for going from x_t to an earlier x. `begin` opens one run, and whatever the rule must remember lives in that run. */
export interface Sampler {
  readonly name: string;
  /** The sampler's own timesteps for a run of `steps` steps, in the order of {@link Path.timesteps}.
   * @throws UnclipError "input" if the schedule has not enough timesteps */
  timesteps(schedule: NoiseSchedule, steps: number): number[];
  /** What standard normal noise is multiplied by to become an x_T of this process; 1 where this is absent. The samplers
   * that work in σ start from σ_T ε, which in the Denoiser's space is a little less than ε. */
  initialScale?(path: Path): number;
  /** ᾱ of the levels that a run visits, [N + 1]: one for each timestep and one for its end. Where this is absent they are the
   * schedule's own ᾱ of the timesteps, and 1. */
  alphasCumprod?(path: Path): number[];
  /** Opens a run; steps are taken in order. */
  begin(process: Process): Advance;
}

/** ᾱ of the levels that a run visits, [N + 1]: one for each timestep and one for its end. */
export function alphasAlong(sampler: Sampler, path: Path): number[] {
  const { schedule, timesteps } = path;
  return sampler.alphasCumprod?.(path) ?? [...timesteps, -1].map((t) => alphaBar(schedule, t));
}

/** The number of steps of the plan that a run belongs to. */
export function plannedSteps({ timesteps, skippedSteps = 0 }: Path): number {
  return timesteps.length + skippedSteps;
}

/** Options of {@link sample}. */
export interface SampleOptions extends Process {
  readonly sampler: Sampler;
  /** Where the run starts: standard normal for a generation. */
  readonly xT: Tensor;
  /** What xT is: "noise", standard normal, which is multiplied by the sampler's initial scale (default), or "sample",
   * an x_t of the first timestep, such as an inverted or a noised picture, which is taken as it is. */
  readonly start?: "noise" | "sample";
  /** The stage that samples, for messages; default "sample". */
  readonly where?: string;
  /** Stops the run before the next evaluation of the network. */
  readonly signal?: AbortSignal;
}

/** What a step first asked of the network, and what it said. */
export interface Evaluation {
  /** x_t at the step's beginning. */
  readonly xt: Tensor;
  /** The training timestep. */
  readonly t: number;
  readonly prediction: Prediction;
}

/** Progress of a run: `step` of `steps` is done. */
export interface SampleStep extends Step {
  /** 1 to steps. */
  readonly step: number;
  readonly steps: number;
  /** The training timestep that was left. */
  readonly t: number;
  readonly evaluation: Evaluation;
}

/** Samples from x_T to x_0: await it for the result, watch it with `for await`, stop it with `signal` or `break`.
 * The event loop gets a turn before every step.
 * @returns a run over the steps whose result is the final sample, of xT's shape
 * @throws UnclipError "aborted" if `signal` fires, "input" if there is no timestep, "session" if a value is not finite */
export function sample(denoise: Denoiser, options: SampleOptions): Run<Tensor, SampleStep> {
  return createRun(() => takeSteps(denoise, options));
}

async function* takeSteps(denoise: Denoiser, options: SampleOptions): AsyncGenerator<SampleStep, Tensor> {
  const { sampler, timesteps, xT, start = "noise", where = "sample", signal } = options;
  const steps = timesteps.length;
  if (steps === 0) throw new UnclipError("input", `${where}: timesteps is empty`);
  const advance = sampler.begin(options);
  const scale = start === "noise" ? (sampler.initialScale?.(options) ?? 1) : 1;
  let xt = scale === 1 ? xT : map(xT, (value) => scale * value);
  let place = where;
  let evaluation: Evaluation | undefined;
  const watched: Denoiser = async (x, t) => {
    checkAborted(signal, place);
    const prediction = await denoise(x, t, signal);
    checkFinite(place, prediction.output);
    evaluation ??= { xt: x, t, prediction };
    return prediction;
  };
  for (const [index, t] of timesteps.entries()) {
    place = `${where}: step ${index + 1} of ${steps}`;
    evaluation = undefined;
    await nextTask();
    const next = await advance(watched, xt, index);
    checkFinite(place, next.xt);
    checkFinite(place, next.x0);
    xt = next.xt;
    yield { ...next, step: index + 1, steps, t, evaluation: evaluation! };
  }
  return xt;
}

/** Clipping turns Infinity into a number in range, so that the network's output is looked at as well as the step's result. */
function checkFinite(place: string, x: Tensor): void {
  const bad = valuesOf(x).find((value) => !Number.isFinite(value));
  if (bad === undefined) return;
  throw new UnclipError(
    "session",
    `${place}: the result holds ${bad}, which is no picture; the weights may be damaged, the noise schedule may not fit the model, or half precision may overflow: download the model again, or try dtype fp32 or another sampler`,
  );
}
