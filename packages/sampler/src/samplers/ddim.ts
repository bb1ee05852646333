import { UnclipError } from "@unclip/tensor";
import { epsFromX0 } from "../diffusion.js";
import { clipX0, predictedEps, predictedX0, type Clipping } from "../prediction.js";
import { alphaBar, type NoiseSchedule } from "../schedule.js";
import { plannedSteps, type Path, type Sampler } from "../sample.js";
import { spaceTimesteps, type TimestepSpacing } from "../timesteps.js";
import {
  anySpacingOption,
  clippingOption,
  previousOption,
  readOptions,
  setAlphaToOneOption,
  stepsOffsetOption,
  type OptionTable,
} from "./options.js";
import { weightedSum } from "./weighted-sum.js";

/** What a DDIM step and its inversion have in common. */
export interface DdimStepOptions {
  /** Rule of the sampler's own timesteps; default "unclip". */
  readonly spacing?: TimestepSpacing;
  /** Added to every timestep of "leading"; default 0. */
  readonly stepsOffset?: number;
  /** Whether ᾱ of the clean end is 1 (default) or ᾱ_0. */
  readonly setAlphaToOne?: boolean;
  /** The timestep whose x_t counts as clean, from 0; default -1, beyond the first one. Timesteps are then spaced above it, the last step
   * leads to its ᾱ and adds no noise. A network says little about ε where there is next to none, so that an inversion that begins a
   * little above the clean end is the more faithful. */
  readonly endTimestep?: number;
  /** Whether a step joins two timesteps that are neighbours in the list ("list", default) or floor(T / N) apart, as in diffusers ("stride"). */
  readonly previous?: "list" | "stride";
}

/** Options of {@link ddim}. */
export interface DdimOptions extends DdimStepOptions {
  /** Share of the ancestral noise that a step adds: 0 is deterministic (default), 1 is as noisy as DDPM. */
  readonly eta?: number;
  /** Range of the predicted x_0; default clamps to [-1, 1]. */
  readonly clipping?: Clipping;
  /** Whether ε is taken from the x_0 in range, as in guided-diffusion (default), or from the network. With the network's ε and a
   * clipped x_0 a step does not stay on x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε: it pulls x_t to where nothing is clipped, each time
   * anew, so that more steps lead further away. DDIMScheduler of diffusers does that unless told otherwise. */
  readonly epsFromClippedX0?: boolean;
}

/** The options that a DDIM step and its inversion have in common, as data. */
export const ddimStepOptions = (): OptionTable<DdimStepOptions> => ({
  spacing: anySpacingOption("unclip"),
  stepsOffset: stepsOffsetOption(),
  setAlphaToOne: setAlphaToOneOption(true),
  endTimestep: { kind: "integer", min: -1, default: -1, meaning: "the timestep that counts as clean; -1 is none" },
  previous: previousOption(),
});

type Ends = Pick<Required<DdimStepOptions>, "setAlphaToOne" | "endTimestep">;

/** The timesteps of N steps, descending, all of them above the end.
 * @throws UnclipError "input" if N does not fit */
export function ddimTimesteps(
  schedule: NoiseSchedule,
  steps: number,
  { spacing, stepsOffset, endTimestep }: Required<Omit<DdimStepOptions, "setAlphaToOne" | "previous">>,
): number[] {
  if (endTimestep < 0) return spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset });
  if (endTimestep >= schedule.length) {
    const got = `${endTimestep} of ${schedule.length}`;
    throw new UnclipError("input", `endTimestep: expected a timestep of the model's schedule, got ${got}`);
  }
  const above = spaceTimesteps({ spacing, steps, length: schedule.length - endTimestep, stepsOffset, dropLast: true });
  return above.map((t) => t + endTimestep);
}

/** ᾱ of a timestep of the list; of the end for one that lies beyond it. */
export function ddimLevel(schedule: NoiseSchedule, t: number, { setAlphaToOne, endTimestep }: Ends): number {
  if (endTimestep >= 0) return alphaBar(schedule, Math.max(t, endTimestep));
  return alphaBar(schedule, t, setAlphaToOne ? 1 : alphaBar(schedule, 0));
}

/** The options of {@link ddim} as data. */
export const ddimOptions = (): OptionTable<DdimOptions> => ({
  eta: { kind: "number", min: 0, default: 0, meaning: "share of DDPM's noise that a step adds: 0 none, 1 all of it" },
  clipping: clippingOption({ kind: "range", range: 1 }),
  epsFromClippedX0: { kind: "flag", default: true, meaning: "ε is taken from the x_0 in range, not from the network" },
  ...ddimStepOptions(),
});

/** Denoising diffusion implicit model: x_s = sqrt(ᾱ_s) x_0 + sqrt(1 - ᾱ_s - σ²) ε + σ n.
 * @see Song et al. 2021 (arXiv:2010.02502) eq. 12, with σ = eta times eq. 16 */
export function ddim(options: DdimOptions = {}): Sampler {
  const filled = readOptions("ddim", ddimOptions(), options);
  const { eta, clipping, epsFromClippedX0, previous, endTimestep } = filled;
  return {
    name: "ddim",
    timesteps: (schedule, steps) => ddimTimesteps(schedule, steps, filled),
    ...(endTimestep >= 0 && {
      alphasCumprod: ({ schedule, timesteps }: Path) => [...timesteps, -1].map((t) => ddimLevel(schedule, t, filled)),
    }),
    begin: (process) => {
      const { schedule, timesteps, random } = process;
      const stride = Math.floor(schedule.length / plannedSteps(process));
      return async (denoise, xt, index) => {
        const t = timesteps[index]!;
        const prediction = await denoise(xt, t);
        const s = previous === "stride" ? t - stride : (timesteps[index + 1] ?? -1);
        const [barT, barS] = [alphaBar(schedule, t), ddimLevel(schedule, s, filled)];
        const x0 = clipX0(predictedX0(prediction, xt, barT), clipping);
        const consistent = epsFromClippedX0 && clipping.kind !== "none";
        const eps = consistent ? epsFromX0(xt, x0, barT) : predictedEps(prediction, xt, barT);
        const variance = ((1 - barS) / (1 - barT)) * (1 - barT / barS);
        const addsNoise = eta > 0 && !(endTimestep >= 0 && s <= endTimestep);
        const sigma = addsNoise ? eta * Math.sqrt(variance) : 0;
        const direction = Math.sqrt(Math.max(1 - barS - sigma ** 2, 0)); // eta 1 takes all of it where ᾱ_t is 0
        const terms = [[Math.sqrt(barS), x0] as const, [direction, eps] as const];
        if (addsNoise) terms.push([sigma, random.normal(xt.dims)]);
        return { xt: weightedSum(terms), x0 };
      };
    },
  };
}
