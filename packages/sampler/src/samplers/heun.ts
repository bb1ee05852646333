import type { Sampler } from "../sample.js";
import type { Tensor } from "@unclip/tensor";
import { readOptions } from "./options.js";
import { moveInSigma, sigmaGrid, sigmaOptions, x0AtSigma, type SigmaOptions, type Slope } from "./sigma-space.js";

/** Options of {@link heun}. */
export type HeunOptions = SigmaOptions;

/** Heun's method on the probability-flow ODE: an Euler step, the slope where it ends, and the step again with the mean of
 * both slopes: two evaluations. The last step, to the clean end, is Euler's.
 * @see Karras et al. 2022 (arXiv:2206.00364) algorithm 1 */
export function heun(options: HeunOptions = {}): Sampler {
  const read = readOptions("heun", sigmaOptions(), options);
  const { sigmas: sigmasOf, ...grid } = sigmaGrid(read);
  return {
    name: "heun",
    ...grid,
    begin(process) {
      const { timesteps } = process;
      const sigmas = sigmasOf(process);
      return async (denoise, xt, index) => {
        const [from, to] = [sigmas[index]!, sigmas[index + 1]!];
        const slopeAt = async (x: Tensor, at: number): Promise<Slope> => {
          const sigma = sigmas[at]!;
          return { xt: x, x0: x0AtSigma(await denoise(x, timesteps[at]!), x, sigma, read.clipping), sigma };
        };
        const first = await slopeAt(xt, index);
        const euler = moveInSigma(xt, { from, to, slopes: [[to - from, first]] });
        if (index === timesteps.length - 1) return { xt: euler, x0: first.x0 };
        const second = await slopeAt(euler, index + 1);
        const half = (to - from) / 2;
        const slopes = [[half, first] as const, [half, second] as const];
        return { xt: moveInSigma(xt, { from, to, slopes }), x0: second.x0 };
      };
    },
  };
}
