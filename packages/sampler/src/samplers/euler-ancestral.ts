import type { Sampler } from "../sample.js";
import { readOptions } from "./options.js";
import { moveInSigma, sigmaGrid, sigmaOptions, x0AtSigma, type SigmaOptions } from "./sigma-space.js";

/** Options of {@link eulerAncestral}. */
export type EulerAncestralOptions = SigmaOptions;

/** Ancestral sampling with Euler steps: down to σ_down below the next level, then noise of σ_up back up to it, where
 * σ_up² = σ'² (σ² - σ'²) / σ² is the posterior's variance and σ_down² = σ'² - σ_up².
 * @see Song et al. 2021 (arXiv:2011.13456) appendix F; the step is that of k-diffusion's sample_euler_ancestral */
export function eulerAncestral(options: EulerAncestralOptions = {}): Sampler {
  const read = readOptions("euler-ancestral", sigmaOptions(), options);
  const { sigmas: sigmasOf, ...grid } = sigmaGrid(read);
  return {
    name: "euler-ancestral",
    ...grid,
    begin(process) {
      const sigmas = sigmasOf(process);
      return async (denoise, xt, index) => {
        const [sigma, next] = [sigmas[index]!, sigmas[index + 1]!];
        const up = (next / sigma) * Math.sqrt(sigma ** 2 - next ** 2);
        const down = Math.sqrt(next ** 2 - up ** 2);
        const x0 = x0AtSigma(await denoise(xt, process.timesteps[index]!), xt, sigma, read.clipping);
        const slopes = [[down - sigma, { xt, x0, sigma }] as const];
        const noise = [up, process.random.normal(xt.dims)] as const; // drawn on the last step too, where up is 0
        return { xt: moveInSigma(xt, { from: sigma, to: next, slopes, noise }), x0 };
      };
    },
  };
}
