import { isUnclipError, UnclipError } from "@unclip/tensor";
import type { PredictionType } from "./prediction.js";
import type { Sampler } from "./sample.js";
import type { AnalyticTable } from "./samplers/analytic-dpm.js";
import type { NoiseSchedule } from "./schedule.js";
import { withSampler, type SchedulerConfig } from "./scheduler-config.js";

/** A walk from x_T to x_0 that is ready to begin. */
export interface Walk {
  readonly schedule: NoiseSchedule;
  readonly predictionType: PredictionType;
  readonly sampler: Sampler;
  readonly timesteps: readonly number[];
}

/** What a caller asks of a stage's walk. */
export interface WalkOptions {
  /** Sampling steps. */
  readonly steps: number;
  /** Name of another sampler than the model's own, one of SAMPLER_NAMES. */
  readonly sampler?: string;
  /** What the sampler "analytic-dpm" needs, estimated for this number of steps; no other takes it. */
  readonly table?: AnalyticTable;
}

/** The walk of one stage.
 * @param scheduler what the model's file says
 * @param stage for messages: "decoder" gives "decoder.steps: expected ..."
 * @throws UnclipError "input" for a number of steps, a sampler or a table that cannot be */
export function planWalk(scheduler: SchedulerConfig, stage: string, options: WalkOptions): Walk {
  const { steps, sampler, table } = options;
  try {
    if (table !== undefined && sampler !== "analytic-dpm") {
      throw new UnclipError("input", "table: only the sampler analytic-dpm takes one; choose it too");
    }
    const config = sampler === undefined ? scheduler : withSampler(scheduler, sampler, table && { table });
    const timesteps = config.timesteps(steps);
    if (table !== undefined) checkTable(table, timesteps);
    return { ...config, timesteps };
  } catch (cause) {
    if (!isUnclipError(cause, "input")) throw cause;
    throw new UnclipError("input", `${stage}.${cause.message}`, { cause });
  }
}

function checkTable({ timesteps: known, gamma }: AnalyticTable, timesteps: readonly number[]): void {
  if (known.length !== gamma.length) {
    throw new UnclipError("input", `table: ${known.length} timesteps, but ${gamma.length} values of gamma`);
  }
  if (timesteps.every((t) => known.includes(t))) return;
  throw new UnclipError(
    "input",
    `table: it is for ${known.length} steps, not for ${timesteps.length}; take as many or estimate another`,
  );
}
