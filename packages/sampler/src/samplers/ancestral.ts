import { posterior, stepRates, type Posterior, type StepRates } from "../diffusion.js";
import { UnclipError, valuesOf, zip, tensor, type Tensor } from "@unclip/tensor";
import { clipX0, predictedX0, type Clipping, type Prediction } from "../prediction.js";
import { alphaBar, type NoiseSchedule } from "../schedule.js";
import type { Sampler } from "../sample.js";
import { spaceTimesteps, type TimestepSpacing } from "../timesteps.js";
import { anySpacingOption, clippingOption, readOptions, stepsOffsetOption, type OptionTable } from "./options.js";

/** The variance of an ancestral step, by the names of scheduler_config.json. */
export type VarianceType =
  "fixed_small" | "fixed_small_log" | "fixed_large" | "fixed_large_log" | "learned" | "learned_range";

/** The kinds of variance. */
export const VARIANCE_TYPES: readonly VarianceType[] = [
  "fixed_small",
  "fixed_small_log",
  "fixed_large",
  "fixed_large_log",
  "learned",
  "learned_range",
];

/** Options of {@link unclip} and {@link ddpm}. */
export interface AncestralOptions {
  /** Standard deviation of the noise that a step adds; default "fixed_small", the posterior's. */
  readonly varianceType?: VarianceType;
  /** Range of the predicted x_0; default clamps to [-1, 1]. */
  readonly clipping?: Clipping;
  /** Rule of the sampler's own timesteps; default "unclip". */
  readonly spacing?: TimestepSpacing;
  /** Added to every timestep of "leading"; default 0. */
  readonly stepsOffset?: number;
}

/** The options of {@link unclip} and {@link ddpm} as data. */
export const ancestralOptions = (): OptionTable<AncestralOptions> => ({
  varianceType: {
    kind: "choice",
    choices: VARIANCE_TYPES,
    default: "fixed_small",
    meaning: "variance of the noise that a step adds; a model's own where it is left out beside a model",
  },
  clipping: clippingOption({ kind: "range", range: 1 }),
  spacing: anySpacingOption("unclip"),
  stepsOffset: stepsOffsetOption(),
});

/** UnCLIPScheduler of diffusers: ancestral sampling along any list of timesteps. The list decides each step's length. */
export function unclip(options: AncestralOptions = {}): Sampler {
  return ancestral("unclip", unclipRates, options);
}

/** DDPM: ancestral sampling, the reverse process of the forward posterior. On the same timesteps it equals {@link unclip}
 * but for rounding.
 * @see Ho et al. 2020 (arXiv:2006.11239) algorithm 2; Nichol and Dhariwal 2021 (arXiv:2102.09672) eq. 15 for "learned_range" */
export function ddpm(options: AncestralOptions = {}): Sampler {
  return ancestral("ddpm", stepRates, options);
}

/** The rates as UnCLIPScheduler rounds them: from the table for a step of 1, and α from β otherwise. */
function unclipRates(schedule: NoiseSchedule, t: number, s: number): StepRates {
  const beta = s === t - 1 ? schedule.betas[t]! : stepRates(schedule, t, s).beta;
  return { alpha: Math.fround(1 - beta), beta };
}

function ancestral(name: string, rates: typeof stepRates, options: AncestralOptions): Sampler {
  const { varianceType, clipping, spacing, stepsOffset } = readOptions(name, ancestralOptions(), options);
  return {
    name,
    timesteps: (schedule, steps) => spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset }),
    begin:
      ({ schedule, timesteps, random }) =>
      async (denoise, xt, index) => {
        const [t, s] = [timesteps[index]!, timesteps[index + 1] ?? -1];
        const prediction = await denoise(xt, t);
        const step = posterior(schedule, t, s, rates(schedule, t, s));
        const x0 = clipX0(predictedX0(prediction, xt, alphaBar(schedule, t)), clipping);
        const mean = step.mean(x0, xt);
        if (t === 0) return { xt: mean, x0 };
        const deviation = standardDeviation(varianceType, step, prediction);
        const noise = random.normal(xt.dims);
        if (typeof deviation === "number") return { xt: zip(mean, noise, (m, n) => m + deviation * n), x0 };
        const [m, n, d] = [valuesOf(mean), valuesOf(noise), valuesOf(deviation)];
        return {
          xt: tensor(
            m.map((value, i) => value + d[i]! * n[i]!),
            xt.dims,
          ),
          x0,
        };
      },
  };
}

const LEAST_VARIANCE = 1e-20;

/** The standard deviation of one step: a number, or a tensor where the network has learned it. */
function standardDeviation(type: VarianceType, { beta, variance }: Posterior, prediction: Prediction): number | Tensor {
  const small = Math.max(variance, LEAST_VARIANCE);
  switch (type) {
    case "fixed_small":
    case "fixed_small_log":
      return Math.sqrt(small);
    case "fixed_large":
    case "fixed_large_log":
      return Math.sqrt(beta);
    case "learned":
      return learned(type, prediction, (value) => Math.sqrt(value));
    case "learned_range": {
      const [logSmall, logBeta] = [Math.log(small), Math.log(beta)];
      return learned(type, prediction, (value) => {
        const fraction = (value + 1) / 2;
        return Math.exp(0.5 * (fraction * logBeta + (1 - fraction) * logSmall));
      });
    }
    default:
      throw new UnclipError(
        "config",
        `variance_type: expected fixed_small, fixed_large, learned or learned_range, got ${String(type)}`,
      );
  }
}

function learned(type: VarianceType, { variance }: Prediction, deviation: (value: number) => number): Tensor {
  if (variance === undefined) {
    throw new UnclipError(
      "config",
      `variance_type "${type}" needs a network that predicts a variance; use "fixed_small"`,
    );
  }
  return tensor(valuesOf(variance).map(deviation), variance.dims);
}
