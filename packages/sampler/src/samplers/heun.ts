import { UnclipError } from "@unclip/tensor";
import type { Process, Sampler } from "../sample.js";
import { moveInSigma, sigmaGrid, x0AtSigma, type SigmaOptions, type Slope } from "./sigma-space.js";

/** Options of {@link heun}. */
export type HeunOptions = SigmaOptions;

/** Heun's method on the probability-flow ODE: an Euler step, the slope where it ends, and the step again with the mean of
 * both slopes. Every timestep but the first therefore stands twice in the list, 2N - 1 in all: at the first of the two
 * x_t is the Euler step's guess, at the second the corrected sample. The last step, to the clean end, is Euler's.
 * @see Karras et al. 2022 (arXiv:2206.00364) algorithm 1 */
export function heun(options: HeunOptions = {}): Sampler {
  const grid = sigmaGrid(options);
  return {
    name: "heun",
    timesteps: (schedule, steps) => grid.timesteps(schedule, steps).flatMap((t, i) => (i === 0 ? [t] : [t, t])),
    initialScale: (process) => grid.initialScale(once(process)),
    begin(process) {
      const sigmas = grid.sigmas(once(process));
      let start: Slope | undefined;
      return (prediction, xt, index) => {
        const step = Math.floor(index / 2);
        const [from, to] = [sigmas[step]!, sigmas[step + 1]!];
        if (start === undefined) {
          const x0 = x0AtSigma(prediction, xt, from, options.clipping);
          start = { xt, x0, sigma: from };
          return { xt: moveInSigma(xt, { from, to, slopes: [[to - from, start]] }), x0 };
        }
        const x0 = x0AtSigma(prediction, xt, to, options.clipping);
        const half = (to - from) / 2;
        const corrected = moveInSigma(start.xt, {
          from,
          to,
          slopes: [
            [half, start],
            [half, { xt, x0, sigma: to }],
          ],
        });
        start = undefined;
        return { xt: corrected, x0 };
      };
    },
  };
}

/** The process with each timestep once. */
function once(process: Process): Process {
  const { timesteps } = process;
  const inPairs = timesteps.every((t, i) => i % 2 === 0 || t === timesteps[i + 1]);
  if (!inPairs) {
    throw new UnclipError(
      "input",
      "heun: expected every timestep but the first twice; take them from sampler.timesteps()",
    );
  }
  return { ...process, timesteps: timesteps.filter((_, i) => i % 2 === 0) };
}
