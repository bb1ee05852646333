import type { Sampler } from "../sample.js";
import { moveInSigma, sigmaGrid, x0AtSigma, type SigmaOptions } from "./sigma-space.js";

/** Noise that a step puts in before it goes down. */
export interface Churn {
  /** S_churn: the sum over the walk of the shares by which σ is raised; a step raises it by at most sqrt(2) - 1. */
  readonly amount: number;
  /** S_tmin: levels below are left alone; default 0. */
  readonly from?: number;
  /** S_tmax: levels above are left alone; default Infinity. */
  readonly to?: number;
  /** S_noise: standard deviation of the noise; default 1. */
  readonly noise?: number;
}

/** Options of {@link euler}. */
export interface EulerOptions extends SigmaOptions {
  /** Default none: the walk is deterministic. The network is still evaluated at the level before the noise. */
  readonly churn?: Churn;
}

/** Euler's method on the probability-flow ODE: x' = x + (σ' - σ) dx/dσ.
 * @see Karras et al. 2022 (arXiv:2206.00364) algorithm 2 without its second-order correction */
export function euler(options: EulerOptions = {}): Sampler {
  const { churn, clipping } = options;
  const grid = sigmaGrid(options);
  return {
    name: "euler",
    timesteps: grid.timesteps,
    initialScale: grid.initialScale,
    begin(process) {
      const sigmas = grid.sigmas(process);
      return (prediction, xt, index) => {
        const [sigma, next] = [sigmas[index]!, sigmas[index + 1]!];
        const raised = sigma * (1 + share(churn, sigma, sigmas.length - 1));
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
