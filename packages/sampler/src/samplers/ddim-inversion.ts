import { concatRows, rows, UnclipError, valuesOf, zip, type Tensor } from "@unclip/tensor";
import { clipX0, predictedEps, predictedX0, type Clipping } from "../prediction.js";
import { alphaBar } from "../schedule.js";
import { plannedSteps, type Sampler } from "../sample.js";
import { ddimLevel, ddimStepOptions, ddimTimesteps, type DdimStepOptions } from "./ddim.js";
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
const ddimInversionOptions = (): OptionTable<DdimInversionOptions> => ({
  refinements: { kind: "integer", min: 0, max: 100, default: 0, meaning: "how often a step is corrected at its end" },
  clipping: clippingOption({ kind: "none" }),
  ...ddimStepOptions(),
});

/** DDIM run backwards: from a clean picture, given as xT with start "sample", to the x_T that DDIM with eta 0 paints it from.
 * The timesteps ascend. A step goes from the level s of the timestep before, at first from the end of DDIM's way, to the level t
 * of this one: x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε, with x_0 and ε as the network sees x_s at t. It is exact as far as
 * ε is the same at both ends, so many steps bring the picture back more faithfully, and so do refinements: iterations towards the fixed point
 * of F(x_t) = sqrt(ᾱ_t / ᾱ_s) (x_s - sqrt(1 - ᾱ_s) ε(x_t, t)) + sqrt(1 - ᾱ_t) ε(x_t, t), from which DDIM leads back to x_s exactly.
 * From the second one on they are accelerated by Anderson's method with a memory of one.
 * @see Dhariwal and Nichol 2021 (arXiv:2105.05233) appendix F; Ramesh et al. 2022 (arXiv:2204.06125) section 3; Pan et al. 2023
 * (arXiv:2309.04907) for the fixed point and its acceleration */
export function ddimInversion(options: DdimInversionOptions = {}): Sampler {
  const filled = readOptions("ddim-inversion", ddimInversionOptions(), options);
  const { refinements, clipping, previous } = filled;
  return {
    name: "ddim-inversion",
    timesteps: (schedule, steps) => ddimTimesteps(schedule, steps, filled).reverse(),
    alphasCumprod({ schedule, timesteps }) {
      return [-1, ...timesteps].map((t) => (t < 0 ? ddimLevel(schedule, t, filled) : alphaBar(schedule, t)));
    },
    begin: (process) => {
      const { schedule, timesteps } = process;
      const stride = Math.floor(schedule.length / plannedSteps(process));
      return async (denoise, xs, index) => {
        const t = timesteps[index]!;
        const prediction = await denoise(xs, t);
        const s = previous === "stride" ? t - stride : (timesteps[index - 1] ?? -1);
        const [barS, barT] = [ddimLevel(schedule, s, filled), alphaBar(schedule, t)];
        if (barS === 1 && prediction.type === "sample") throw new UnclipError("config", NO_NOISE);
        const x0 = clipX0(predictedX0(prediction, xs, barS), clipping);
        const eps = predictedEps(prediction, xs, barS);
        let xt = weightedSum([
          [Math.sqrt(barT), x0],
          [Math.sqrt(1 - barT), eps],
        ]);
        const [signal, spread] = [Math.sqrt(barT / barS), Math.sqrt(1 - barT)];
        let before: Iterate | undefined;
        for (let i = 0; i < refinements; i++) {
          const better = predictedEps(await denoise(xt, t), xt, barT); // as the way back will see it
          const moved = weightedSum([
            [signal, xs],
            [spread - signal * Math.sqrt(1 - barS), better],
          ]);
          const here = { moved, residual: zip(moved, xt, (to, from) => to - from) };
          xt = before === undefined ? moved : accelerated(here, before);
          before = here;
        }
        return { xt, x0 };
      };
    },
  };
}

/** A place x on the way to a fixed point x = F(x). */
interface Iterate {
  /** F(x), [N, ...]. */
  readonly moved: Tensor;
  /** F(x) - x. */
  readonly residual: Tensor;
}

/** The next place of Anderson's iteration with a memory of one: for each row F(x) - γ (F(x) - F(x')), where x' is the place before and
 * γ = r · (r - r') / |r - r'|² makes the residual r as small as it can be made on the line through both. A plain iteration swings away from a
 * fixed point where F is steep; this one does not.
 * @see Anderson 1965, Journal of the ACM 12 (4), 547-560 */
function accelerated(here: Iterate, before: Iterate): Tensor {
  const places = Array.from({ length: here.moved.dims[0]! }, (_, row) => {
    const [x, r, xBefore, rBefore] = [here.moved, here.residual, before.moved, before.residual].map((each) =>
      rows(each, row, row + 1),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const change = valuesOf(zip(r, rBefore, (a, b) => a - b));
    const size = change.reduce((sum, value) => sum + value * value, 0);
    if (size === 0) return x;
    const share = valuesOf(r).reduce((sum, value, i) => sum + value * change[i]!, 0) / size;
    return zip(x, xBefore, (a, b) => a - share * (a - b));
  });
  return concatRows(places);
}

const NO_NOISE =
  "ddim-inversion: a network that predicts x_0 says nothing about ε at the clean end; use endTimestep 0 or above";
