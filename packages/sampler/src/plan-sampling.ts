import { isUnclipError, UnclipError, type Tensor } from "@unclip/tensor";
import { addNoise } from "./diffusion.js";
import type { PredictionType } from "./prediction.js";
import { alphasAlong, type Sampler } from "./sample.js";
import type { SamplerChoice } from "./samplers/create-sampler.js";
import type { NoiseSchedule } from "./schedule.js";
import { withSampler, type SchedulerConfig } from "./scheduler-config.js";

/** Everything that one stage's sampling needs but its start and its random numbers: spread it into the options of `sample`. */
export interface SamplingPlan {
  /** The stage, for messages. */
  readonly where: string;
  readonly schedule: NoiseSchedule;
  readonly predictionType: PredictionType;
  readonly sampler: Sampler;
  /** N timesteps for N steps. */
  readonly timesteps: readonly number[];
}

/** Options of {@link planSampling}. */
export interface PlanSamplingOptions {
  /** Sampling steps. */
  readonly steps: number;
  /** Another sampler than the model's own. */
  readonly sampler?: SamplerChoice;
}

/** The plan of one stage's sampling.
 * @param scheduler what the model's file says
 * @param stage for messages: "decoder" gives "decoder.steps: expected ..."
 * @throws UnclipError "input" for a number of steps, a sampler or an option of it that cannot be */
export function planSampling(scheduler: SchedulerConfig, stage: string, options: PlanSamplingOptions): SamplingPlan {
  const { steps, sampler: choice } = options;
  return inStage(stage, () => {
    const { schedule, predictionType, sampler, timesteps } =
      choice === undefined ? scheduler : withSampler(scheduler, choice);
    return { where: stage, schedule, predictionType, sampler, timesteps: timesteps(steps) };
  });
}

/** A plan without its first steps, and the sample that the rest begins with. */
export interface StartedPlan extends SamplingPlan {
  readonly skippedSteps: number;
  /** x_t of the first timestep. */
  readonly xT: Tensor;
  readonly start: "sample";
}

/** Where image to image starts: `x0`, noised to the first of the last floor(N · strength) timesteps of the plan.
 * @param strength above 0, which would give x0 back, to 1, which keeps little of it
 * @param x0 clean sample, any shape
 * @param noise standard normal, same shape
 * @throws UnclipError "input" for a strength that is out of range or less than one step, "shape" if noise has another shape
 * @see Meng et al. 2021 (arXiv:2108.01073) algorithm 1 */
export function startAt(plan: SamplingPlan, strength: number, x0: Tensor, noise: Tensor): StartedPlan {
  const steps = plan.timesteps.length;
  const left = checkStrength(plan.where, strength, steps);
  const skippedSteps = steps - left;
  const timesteps = plan.timesteps.slice(skippedSteps);
  const [bar] = alphasAlong(plan.sampler, { ...plan, timesteps, skippedSteps }) as [number];
  return { ...plan, timesteps, skippedSteps, xT: addNoise(x0, noise, bar), start: "sample" };
}

function checkStrength(where: string, strength: number, steps: number): number {
  if (typeof strength !== "number" || !(strength > 0 && strength <= 1)) {
    throw new UnclipError("input", `${where}.strength: expected a number above 0 to 1, got ${strength}`);
  }
  const left = Math.floor(steps * strength);
  if (left > 0) return left;
  throw new UnclipError(
    "input",
    `${where}.strength: ${strength} of ${steps} steps is less than one step; raise it, or take more steps`,
  );
}

function inStage<T>(stage: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isUnclipError(cause, "input")) throw cause;
    throw new UnclipError("input", `${stage}.${cause.message}`, { cause });
  }
}
