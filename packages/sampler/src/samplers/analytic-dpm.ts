import { addNoise, epsFromX0, posterior } from "../diffusion.js";
import {
  UnclipError,
  checkAborted,
  nextTask,
  valuesOf,
  type Tensor,
  type Random,
  createRun,
  type Run,
} from "@unclip/tensor";
import { clipX0, predictedEps, predictedX0, type Clipping, type Denoiser } from "../prediction.js";
import type { Sampler } from "../sample.js";
import { alphaBar, type NoiseSchedule } from "../schedule.js";
import { spaceTimesteps, type TimestepSpacing } from "../timesteps.js";
import { anySpacingOption, clippingOption, readOptions, stepsOffsetOption, type OptionTable } from "./options.js";
import { weightedSum } from "./weighted-sum.js";

/** Γ_t = E |ε(x_t, t)|² / d: the mean square of the noise that a network predicts on data, at each timestep of a run.
 * Plain data, to be kept as JSON beside the model. */
export interface AnalyticTable {
  readonly timesteps: readonly number[];
  /** Γ at these timesteps. */
  readonly gamma: readonly number[];
}

/** Options of {@link analyticDpm}. */
export interface AnalyticDpmOptions {
  /** Γ at the timesteps of the run, from {@link estimateAnalyticTable}. */
  readonly table: AnalyticTable;
  /** 1 is the analytic DDPM (default), 0 the analytic DDIM. */
  readonly eta?: number;
  /** Range of the predicted x_0; default clamps to [-1, 1]. */
  readonly clipping?: Clipping;
  /** Half the width of the range that the data lie in, which bounds their variance; default 1. */
  readonly range?: number;
  /** The last steps whose noise is limited to `clipPixels`; default 0. */
  readonly clippedSteps?: number;
  /** Mean magnitude, in 255ths of the range [-1, 1], of the noise of the last steps; default 2. */
  readonly clipPixels?: number;
  /** Rule of the sampler's own timesteps; default "unclip". */
  readonly spacing?: TimestepSpacing;
  /** Added to every timestep of "leading"; default 0. */
  readonly stepsOffset?: number;
}

/** The options of {@link analyticDpm} as data. */
export const analyticDpmOptions = (): OptionTable<AnalyticDpmOptions, "table"> => ({
  table: {
    kind: "object",
    required: true,
    meaning: "Γ at the timesteps of the run; `unclip analytic` estimates a prior's, estimateAnalyticTable any",
    fields: {
      timesteps: { kind: "numbers", min: 0, required: true, meaning: "the timesteps" },
      gamma: { kind: "numbers", min: 0, required: true, meaning: "Γ at each of them" },
    },
  },
  eta: { kind: "number", min: 0, default: 1, meaning: "1 is the analytic DDPM, 0 the analytic DDIM" },
  clipping: clippingOption({ kind: "range", range: 1 }),
  range: { kind: "number", above: 0, default: 1, meaning: "half the width of the range that the data lie in" },
  clippedSteps: { kind: "integer", min: 0, default: 0, meaning: "last steps whose noise is limited to clipPixels" },
  clipPixels: {
    kind: "number",
    min: 0,
    default: 2,
    meaning: "mean magnitude of the noise of these steps, in 255ths of the range [-1, 1]",
  },
  spacing: anySpacingOption("unclip"),
  stepsOffset: stepsOffsetOption(),
});

/** Analytic-DPM: DDIM or DDPM with the variance that is best for this network and this list of timesteps,
 * σ² = λ² + (sqrt(ᾱ_s) - sqrt((1 - ᾱ_s - λ²) ᾱ_t / (1 - ᾱ_t)))² var(x_0 | x_t), var(x_0 | x_t) = (1 - ᾱ_t) / ᾱ_t (1 - Γ_t),
 * with λ² = eta² times the posterior's variance.
 * @see Bao et al. 2022 (arXiv:2201.06503) theorem 1, and theorem 2 for the bounds */
export function analyticDpm(options: AnalyticDpmOptions): Sampler {
  const read = readOptions("analytic-dpm", analyticDpmOptions(), options);
  const { table, eta, clipping, range, spacing, stepsOffset, clippedSteps, clipPixels } = read;
  const gammaOf = gammaLookup(table);
  return {
    name: "analytic-dpm",
    timesteps(schedule, steps) {
      const timesteps = spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset });
      timesteps.forEach(gammaOf); // refuses a table for another number of steps
      return timesteps;
    },
    begin({ schedule, timesteps, random }) {
      const gammas = timesteps.map(gammaOf);
      return async (denoise, xt, index) => {
        const [t, s] = [timesteps[index]!, timesteps[index + 1] ?? -1];
        const [barT, barS] = [alphaBar(schedule, t), alphaBar(schedule, s)];
        const x0 = clipX0(predictedX0(await denoise(xt, t), xt, barT), clipping);
        if (s < 0) return { xt: x0, x0 };
        const lambda2 = eta ** 2 * posterior(schedule, t, s).variance;
        const direction = Math.sqrt(Math.max(1 - barS - lambda2, 0));
        const variance = Math.min(Math.max(((1 - barT) / barT) * (1 - gammas[index]!), 0), range ** 2);
        const analytic = lambda2 + (Math.sqrt(barS) - direction * Math.sqrt(barT / (1 - barT))) ** 2 * variance;
        const clipped = index >= timesteps.length - 1 - clippedSteps;
        const most = clipped ? clipPixels * (2 / 255) * Math.sqrt(Math.PI / 2) : Infinity;
        const mean = [[Math.sqrt(barS), x0] as const, [direction, epsFromX0(xt, x0, barT)] as const];
        return { xt: weightedSum([...mean, [Math.min(Math.sqrt(analytic), most), random.normal(xt.dims)]]), x0 };
      };
    },
  };
}

function gammaLookup({ timesteps, gamma }: AnalyticTable): (t: number) => number {
  if (timesteps.length !== gamma.length) {
    const counts = `${timesteps.length} timesteps, but ${gamma.length} values of gamma`;
    throw new UnclipError("input", `sampler analytic-dpm: its table has ${counts}; estimate it anew`);
  }
  const known = new Map(timesteps.map((t, i) => [t, gamma[i]!]));
  return (t) => {
    const value = known.get(t);
    if (value !== undefined) return value;
    throw new UnclipError(
      "input",
      `sampler analytic-dpm: its table of ${timesteps.length} steps lacks timestep ${t}; take as many steps or estimate another`,
    );
  };
}

/** Clean samples and the network that is conditioned for them. */
export interface AnalyticBatch {
  readonly denoise: Denoiser;
  /** Clean samples of the data, [N, ...]. */
  readonly x0: Tensor;
}

/** Options of {@link estimateAnalyticTable}. */
export interface AnalyticTableOptions {
  readonly schedule: NoiseSchedule;
  /** The timesteps of the run that the table is for. */
  readonly timesteps: readonly number[];
  /** Data in batches: the more, the better the estimate. */
  readonly batches: readonly AnalyticBatch[];
  /** Source of the noise that the samples are given. */
  readonly random: Random;
  /** Stops between two evaluations. */
  readonly signal?: AbortSignal;
}

/** Progress of an estimate: `step` of `steps` evaluations is done. */
export interface AnalyticTableStep {
  /** 1 to steps. */
  readonly step: number;
  readonly steps: number;
}

/** Estimates the table of {@link analyticDpm} from what the network predicts on noised data: one evaluation per batch and
 * timestep.
 * @returns a run over the evaluations whose result is the table
 * @throws UnclipError "input" without batches or timesteps, "aborted" if `signal` fires
 * @see Bao et al. 2022 (arXiv:2201.06503) eq. 8, for ε in place of the score */
export function estimateAnalyticTable(options: AnalyticTableOptions): Run<AnalyticTable, AnalyticTableStep> {
  return createRun(() => estimate(options));
}

async function* estimate(options: AnalyticTableOptions): AsyncGenerator<AnalyticTableStep, AnalyticTable> {
  const { schedule, timesteps, batches, random, signal } = options;
  const steps = batches.length * timesteps.length;
  if (steps === 0) throw new UnclipError("input", "analytic-dpm: an estimate needs timesteps and batches of data");
  const squares = timesteps.map(() => 0);
  let [step, values] = [0, 0];
  for (const { denoise, x0 } of batches) {
    values += x0.data.length;
    for (const [i, t] of timesteps.entries()) {
      await nextTask();
      checkAborted(signal, `evaluation ${step + 1} of ${steps}`);
      const bar = alphaBar(schedule, t);
      const xt = addNoise(x0, random.normal(x0.dims), bar);
      const eps = predictedEps(await denoise(xt, t, signal), xt, bar);
      squares[i]! += valuesOf(eps).reduce((sum, value) => sum + value ** 2, 0);
      yield { step: ++step, steps };
    }
  }
  return { timesteps: [...timesteps], gamma: squares.map((sum) => sum / values) };
}
