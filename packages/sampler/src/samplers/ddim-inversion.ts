import { UnclipError } from "@unclip/tensor";
import { clipX0, predictedEps, predictedX0, type Clipping } from "../prediction.js";
import { alphaBar } from "../schedule.js";
import { plannedSteps, type Sampler } from "../sample.js";
import { spaceTimesteps } from "../timesteps.js";
import { ddimStepOptions, type DdimStepOptions } from "./ddim.js";
import { clippingOption, readOptions, type OptionTable } from "./options.js";
import { weightedSum } from "./weighted-sum.js";

/** Options of {@link ddimInversion}. */
export interface DdimInversionOptions extends DdimStepOptions {
  /** How often each step is corrected by what the network sees at its end, where the way back begins; default 0. Each takes one more
   * evaluation, and brings a picture back more faithfully. */
  readonly refinements?: number;
  /** Range of the predicted x_0; default none: clipping would lose what DDIM needs to paint the same picture again. */
  readonly clipping?: Clipping;
}

/** The options of {@link ddimInversion} as data. */
export const ddimInversionOptions = (): OptionTable<DdimInversionOptions> => ({
  refinements: { kind: "integer", min: 0, max: 100, default: 0, meaning: "how often a step is corrected at its end" },
  clipping: clippingOption({ kind: "none" }),
  ...ddimStepOptions(),
});

/** DDIM run backwards: from a clean picture, given as xT with start "sample", to the x_T that DDIM with eta 0 paints it from.
 * The timesteps ascend. A step goes from the level s of the timestep before, at first from the clean end, to the level t
 * of this one: x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε, with x_0 and ε as the network sees x_s at t. It is exact as far as
 * ε is the same at both ends, so many steps bring the picture back more faithfully, and so do refinements: fixed-point iterations of
 * x_t = sqrt(ᾱ_t / ᾱ_s) (x_s - sqrt(1 - ᾱ_s) ε(x_t, t)) + sqrt(1 - ᾱ_t) ε(x_t, t), whose solution DDIM leads back to x_s exactly.
 * @see Dhariwal and Nichol 2021 (arXiv:2105.05233) appendix F; Ramesh et al. 2022 (arXiv:2204.06125) section 3 */
export function ddimInversion(options: DdimInversionOptions = {}): Sampler {
  const { refinements, clipping, spacing, stepsOffset, setAlphaToOne, previous } = readOptions(
    "ddim-inversion",
    ddimInversionOptions(),
    options,
  );
  return {
    name: "ddim-inversion",
    timesteps: (schedule, steps) => spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset }).reverse(),
    alphasCumprod({ schedule, timesteps }) {
      return [-1, ...timesteps].map((t) => alphaBar(schedule, t));
    },
    begin: (process) => {
      const { schedule, timesteps } = process;
      const stride = Math.floor(schedule.length / plannedSteps(process));
      const cleanEnd = setAlphaToOne ? 1 : alphaBar(schedule, 0);
      return async (denoise, xs, index) => {
        const t = timesteps[index]!;
        const prediction = await denoise(xs, t);
        const s = previous === "stride" ? t - stride : (timesteps[index - 1] ?? -1);
        const [barS, barT] = [alphaBar(schedule, s, cleanEnd), alphaBar(schedule, t)];
        if (barS === 1 && prediction.type === "sample") throw new UnclipError("config", NO_NOISE);
        const x0 = clipX0(predictedX0(prediction, xs, barS), clipping);
        const eps = predictedEps(prediction, xs, barS);
        let xt = weightedSum([
          [Math.sqrt(barT), x0],
          [Math.sqrt(1 - barT), eps],
        ]);
        for (let i = 0; i < refinements; i++) {
          const better = predictedEps(await denoise(xt, t), xt, barT); // as the way back will see it
          const [signal, spread] = [Math.sqrt(barT / barS), Math.sqrt(1 - barT)];
          xt = weightedSum([
            [signal, xs],
            [spread - signal * Math.sqrt(1 - barS), better],
          ]);
        }
        return { xt, x0 };
      };
    },
  };
}

const NO_NOISE =
  "ddim-inversion: a network that predicts x_0 says nothing about ε at the clean end; use setAlphaToOne: false";
