import { plannedSteps, type Path, type Sampler } from "../sample.js";
import type { Tensor } from "@unclip/tensor";
import { readOptions, type OptionTable } from "./options.js";
import {
  levelOf,
  multistepGrid,
  multistepOptions,
  x0AtSigma,
  type Level,
  type MultistepOptions,
} from "./sigma-space.js";
import { weightedSum } from "./weighted-sum.js";

/** Options of {@link dpmSolver}. */
export interface DpmSolverOptions extends MultistepOptions {
  /** How many predictions of x_0 a step looks at; default 2. */
  readonly order?: 1 | 2 | 3;
  /** Second-order formula; default "midpoint". */
  readonly solverType?: "midpoint" | "heun";
  /** Whether the stochastic equation is solved instead of the ordinary one: a step takes out more noise than it has to and
   * puts fresh noise in; default false. */
  readonly sde?: boolean;
  /** Whether the last two steps of a run of fewer than 15 have at most order 2 and 1; default true. A step to σ = 0 has order 1. */
  readonly lowerOrderFinal?: boolean;
  /** Whether the last step of any run has order 1; default false. */
  readonly eulerAtFinal?: boolean;
}

/** The options of {@link dpmSolver} as data. */
export const dpmSolverOptions = (): OptionTable<DpmSolverOptions, "lambdaMinClipped"> => ({
  ...multistepOptions(),
  order: { kind: "integer", min: 1, max: 3, default: 2, meaning: "how many predictions of x_0 a step looks at" },
  solverType: {
    kind: "choice",
    choices: ["midpoint", "heun"],
    default: "midpoint",
    meaning: "the formula of second order",
  },
  sde: { kind: "flag", default: false, meaning: "solves the stochastic equation instead of the ordinary one" },
  lowerOrderFinal: {
    kind: "flag",
    default: true,
    meaning: "the last two steps of a run of fewer than 15 have at most order 2 and 1",
  },
  eulerAtFinal: { kind: "flag", default: false, meaning: "the last step has order 1, however many there are" },
});

/** DPM-Solver++ (1, 2M, 3M) and SDE-DPM-Solver++: multistep solvers of the diffusion equations in λ, exact for their linear
 * part, with the predicted x_0 as the function to integrate. 3M has the weights of the authors' code and of all that follow
 * it, where the last difference counts half of what it should: it converges with order 2, though closer than 2M.
 * @see Lu et al. 2022 (arXiv:2211.01095) eq. 8-9, algorithm 2, appendix B for the SDE; for the SDE's third order k-diffusion's
 * sample_dpmpp_3m_sde */
export function dpmSolver(options: DpmSolverOptions = {}): Sampler {
  const read = readOptions("dpmpp", dpmSolverOptions(), options);
  const { order, sde, clipping } = read;
  const { sigmas: sigmasOf, timesteps, alphasCumprod } = multistepGrid(read);
  return {
    name: `dpmpp-${order === 1 ? "1" : `${order}m`}${sde ? "-sde" : ""}`,
    timesteps,
    alphasCumprod,
    begin(process) {
      const sigmas = sigmasOf(process);
      const levels = sigmas.map(levelOf);
      const predictions: Tensor[] = []; // x_0 of the last steps, newest first
      return async (denoise, xt, index) => {
        const x0 = x0AtSigma(await denoise(xt, process.timesteps[index]!), xt, sigmas[index]!, clipping);
        predictions.unshift(x0);
        predictions.length = Math.min(predictions.length, order, mostOrder(index, process, read, sigmas));
        const { ofXt, ofX0, ofNoise } = coefficients(levels, index, predictions.length, read);
        const terms = [[ofXt, xt] as const, ...ofX0.map((weight, i) => [weight, predictions[i]!] as const)];
        if (sde) terms.push([ofNoise, process.random.normal(xt.dims)]);
        return { xt: weightedSum(terms), x0 };
      };
    },
  };
}

/** The highest order that the end of the run allows. */
function mostOrder(
  index: number,
  path: Path,
  { lowerOrderFinal, eulerAtFinal }: Required<Pick<DpmSolverOptions, "lowerOrderFinal" | "eulerAtFinal">>,
  sigmas: readonly number[],
): number {
  const last = path.timesteps.length - 1;
  const cautious = lowerOrderFinal && plannedSteps(path) < 15;
  if (index === last && (eulerAtFinal || cautious || sigmas[last + 1] === 0)) return 1;
  return index === last - 1 && cautious ? 2 : 3;
}

/** What a step multiplies x_t, the predicted x_0 (newest first) and fresh noise by. */
interface Coefficients {
  readonly ofXt: number;
  readonly ofX0: readonly number[];
  readonly ofNoise: number;
}

/** A step from levels[index] to the next: x' = σ'/σ x + α' ∫ e^{λ - λ'} x_0(λ) dλ, with x_0(λ) expanded by the last predictions.
 * The SDE integrates over H = 2h and puts back as noise what that takes too much. */
function coefficients(
  levels: readonly Level[],
  index: number,
  order: number,
  { solverType, sde }: Pick<DpmSolverOptions, "solverType" | "sde">,
): Coefficients {
  const [from, to] = [levels[index]!, levels[index + 1]!];
  const h = to.lambda - from.lambda;
  if (h === 0) return { ofXt: 1, ofX0: Array<number>(order).fill(0), ofNoise: 0 };
  const H = sde ? 2 * h : h;
  const phi = Math.expm1(-H);
  const ofValue = -to.alpha * phi;
  const ofSlope = order === 2 && solverType === "midpoint" ? ofValue / 2 : to.alpha * (phi / H + 1);
  const ofCurvature = -to.alpha * ((phi + H) / H ** 2 - 0.5);
  const ratios = levels.slice(index - order + 1, index).map((level, i, all) => {
    const next = all[i + 1] ?? from;
    return (next.lambda - level.lambda) / h;
  });
  return {
    ofXt: (to.sigma / from.sigma) * (sde ? Math.exp(-h) : 1),
    ofX0: ofPredictions(ofValue, ofSlope, ofCurvature, ratios.reverse()),
    ofNoise: to.sigma * Math.sqrt(-Math.expm1(-2 * h)),
  };
}

/** Weights of m0, m1, m2 in value · D0 + slope · D1 + curvature · D2, the D being the papers' divided differences:
 * D0 = m0; D1 = (m0 - m1) / r0, with a third prediction corrected by the change of that slope; D2 that change.
 * @param ratios r0, r1: the lengths of the last steps over h, newest first; one fewer than predictions */
function ofPredictions(value: number, slope: number, curvature: number, [r0, r1]: readonly number[]): number[] {
  if (r0 === undefined) return [value];
  if (r1 === undefined) return [value + slope / r0, -slope / r0];
  const change = (slope * r0 + curvature) / (r0 + r1);
  const [newer, older] = [(slope + change) / r0, -change / r1];
  return [value + newer, older - newer, -older];
}
