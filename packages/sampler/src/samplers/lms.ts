import type { Sampler } from "../sample.js";
import { readOptions, type OptionTable } from "./options.js";
import { moveInSigma, sigmaGrid, sigmaOptions, x0AtSigma, type SigmaOptions, type Slope } from "./sigma-space.js";

/** Options of {@link lms}. */
export interface LmsOptions extends SigmaOptions {
  /** How many slopes a step looks at; default 4. */
  readonly order?: 1 | 2 | 3 | 4;
}

/** The options of {@link lms} as data. */
export const lmsOptions = (): OptionTable<LmsOptions> => ({
  ...sigmaOptions(),
  order: { kind: "integer", min: 1, max: 4, default: 4, meaning: "how many slopes a step looks at" },
});

/** Linear multistep (Adams-Bashforth) method on the probability-flow ODE, for uneven steps: the slope between σ and σ' is the
 * polynomial through the last slopes.
 * @see Karras et al. 2022 (arXiv:2206.00364) eq. 1 for the ODE; the method is k-diffusion's sample_lms */
export function lms(options: LmsOptions = {}): Sampler {
  const read = readOptions("lms", lmsOptions(), options);
  const { order, clipping } = read;
  const { sigmas: sigmasOf, ...grid } = sigmaGrid(read);
  return {
    name: "lms",
    ...grid,
    begin(process) {
      const sigmas = sigmasOf(process);
      const slopes: Slope[] = []; // newest first
      return async (denoise, xt, index) => {
        const [from, to] = [sigmas[index]!, sigmas[index + 1]!];
        const x0 = x0AtSigma(await denoise(xt, process.timesteps[index]!), xt, from, clipping);
        slopes.unshift({ xt, x0, sigma: from });
        slopes.length = Math.min(slopes.length, order);
        const nodes = slopes.map(({ sigma }) => sigma);
        const lengths = slopes.map((slope, i) => [integral(nodes, i, to), slope] as const);
        return { xt: moveInSigma(xt, { from, to, slopes: lengths }), x0 };
      };
    },
  };
}

/** ∫ from nodes[0] to `end` of the Lagrange polynomial that is 1 at nodes[i] and 0 at the others. Two Gauss points are
 * exact for up to four nodes. */
function integral(nodes: readonly number[], i: number, end: number): number {
  const [middle, half] = [(nodes[0]! + end) / 2, (end - nodes[0]!) / 2];
  const basis = (sigma: number) =>
    nodes.reduce((product, node, k) => (k === i ? product : (product * (sigma - node)) / (nodes[i]! - node)), 1);
  const offset = half / Math.sqrt(3);
  return half * (basis(middle - offset) + basis(middle + offset));
}
