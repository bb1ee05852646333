import { plannedSteps, type Sampler } from "../sample.js";
import { readOptions, type OptionTable } from "./options.js";
import { moveInSigma, sigmaGrid, sigmaOptions, x0AtSigma, type SigmaOptions } from "./sigma-space.js";

/** Noise that a step puts in before it goes down. */
export interface Churn {
  /** S_churn: the sum over the run of the shares by which σ is raised; a step raises it by at most sqrt(2) - 1. */
  readonly amount: number;
  /** S_tmin: levels below are left alone; default 0. */
  readonly from?: number;
  /** S_tmax: levels above are left alone; default none. */
  readonly to?: number;
  /** S_noise: standard deviation of the noise; default 1. */
  readonly noise?: number;
}

/** Options of {@link euler}. */
export interface EulerOptions extends SigmaOptions {
  /** Default none: the run is deterministic. The network is still evaluated at the level before the noise. */
  readonly churn?: Churn;
}

/** The options of {@link euler} as data. */
export const eulerOptions = (): OptionTable<EulerOptions, "churn"> => ({
  ...sigmaOptions(),
  churn: {
    kind: "object",
    meaning: "noise that a step puts in before it goes down; without it none",
    fields: {
      amount: { kind: "number", min: 0, required: true, meaning: "sum over the run of the shares that σ is raised by" },
      from: { kind: "number", min: 0, meaning: "levels below are left alone" },
      to: { kind: "number", min: 0, meaning: "levels above are left alone" },
      noise: { kind: "number", min: 0, meaning: "standard deviation of the noise; 1 where it is left out" },
    },
  },
});

/** Euler's method on the probability-flow ODE: x' = x + (σ' - σ) dx/dσ.
 * @see Karras et al. 2022 (arXiv:2206.00364) algorithm 2 without its second-order correction */
export function euler(options: EulerOptions = {}): Sampler {
  const read = readOptions("euler", eulerOptions(), options);
  const { churn, clipping } = read;
  const { sigmas: sigmasOf, ...grid } = sigmaGrid(read);
  return {
    name: "euler",
    ...grid,
    begin(process) {
      const sigmas = sigmasOf(process);
      return async (denoise, xt, index) => {
        const [sigma, next] = [sigmas[index]!, sigmas[index + 1]!];
        const prediction = await denoise(xt, process.timesteps[index]!);
        const raised = sigma * (1 + share(churn, sigma, plannedSteps(process)));
        const spread = (churn?.noise ?? 1) * Math.sqrt(raised ** 2 - sigma ** 2);
        const from =
          raised > sigma
            ? moveInSigma(xt, { from: sigma, to: raised, slopes: [], noise: [spread, process.random.normal(xt.dims)] })
            : xt;
        const x0 = x0AtSigma(prediction, from, raised, clipping);
        const slope = { xt: from, x0, sigma: raised };
        return { xt: moveInSigma(from, { from: raised, to: next, slopes: [[next - raised, slope]] }), x0 };
      };
    },
  };
}

/** The share γ by which a step raises σ. */
function share(churn: Churn | undefined, sigma: number, steps: number): number {
  if (!churn || sigma < (churn.from ?? 0) || sigma > (churn.to ?? Infinity)) return 0;
  return Math.min(churn.amount / steps, Math.SQRT2 - 1);
}
