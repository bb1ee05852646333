import { UnclipError, type Tensor } from "@unclip/tensor";
import { clipX0, predictedX0, type Clipping, type Prediction } from "../prediction.js";
import { plannedSteps, type Path, type Sampler } from "../sample.js";
import type { NoiseSchedule } from "../schedule.js";
import { spaceTimesteps } from "../timesteps.js";
import { clippingOption, spacingOption, stepsOffsetOption, type OptionTable } from "./options.js";
import { weightedSum } from "./weighted-sum.js";

/* What the samplers share that think in noise levels σ = sqrt((1 - ᾱ) / ᾱ) rather than in timesteps. In their space
 * x = x_0 + σ ε; the Denoiser's x_t = x / sqrt(σ² + 1) is the same sample with its variance preserved.
 * See Karras et al. 2022 (arXiv:2206.00364) table 1. */

/** Where the levels of a run lie: "timesteps", at the schedule's own σ of the timesteps; or between the first and the last
 * of these, evenly in σ^(1/7) ("karras") or in log σ ("exponential"). */
export type SigmaSpacing = "timesteps" | "karras" | "exponential";

/** Options of the samplers that work in σ. */
export interface SigmaOptions {
  /** Rule for the timesteps; default "linspace". */
  readonly spacing?: "linspace" | "leading" | "trailing";
  /** Added to every timestep of "leading"; default 0. */
  readonly stepsOffset?: number;
  /** Rule for the levels; default "timesteps". */
  readonly sigmas?: SigmaSpacing;
  /** Level after the last step: 0 ("zero", default) or the schedule's least σ ("sigma_min"). */
  readonly finalSigma?: "zero" | "sigma_min";
  /** Range of the predicted x_0; default none. */
  readonly clipping?: Clipping;
}

/** Options of the multistep solvers in λ = log(sqrt(ᾱ) / sqrt(1 - ᾱ)) = -log σ. */
export interface MultistepOptions extends SigmaOptions {
  /** Timesteps whose λ lies below this are left out; default none. -5.1 is usual for squared-cosine schedules without clipping. */
  readonly lambdaMinClipped?: number;
  /** Whether Karras timesteps lose their fraction instead of being rounded, as DPMSolverMultistepScheduler does it on
   * squared-cosine betas; default false. */
  readonly truncateTimesteps?: boolean;
}

/** The options of the samplers that work in σ, as data. */
export const sigmaOptions = (): OptionTable<SigmaOptions> => ({
  spacing: spacingOption("linspace", "linspace", "leading", "trailing"),
  stepsOffset: stepsOffsetOption(),
  sigmas: {
    kind: "choice",
    choices: ["timesteps", "karras", "exponential"],
    default: "timesteps",
    meaning: "rule for the noise levels σ: the timesteps' own, even in σ^(1/7), or even in log σ",
  },
  finalSigma: {
    kind: "choice",
    choices: ["zero", "sigma_min"],
    default: "zero",
    meaning: "level after the last step: 0, or the schedule's least σ",
  },
  clipping: clippingOption({ kind: "none" }),
});

/** The options of the multistep solvers, as data. */
export const multistepOptions = (): OptionTable<MultistepOptions, "lambdaMinClipped"> => ({
  ...sigmaOptions(),
  lambdaMinClipped: { kind: "number", meaning: "timesteps whose log(α/σ) lies below are left out; without it none" },
  truncateTimesteps: {
    kind: "flag",
    default: false,
    meaning: "Karras timesteps lose their fraction instead of being rounded",
  },
});

/** How a sampler lays its runs: the timesteps at which it calls the network, and the levels it visits. */
export interface SigmaGrid extends Required<Pick<Sampler, "timesteps" | "initialScale" | "alphasCumprod">> {
  /** The levels of a run along `path.timesteps`, [N + 1]: the last is where the run ends.
   * @throws UnclipError "input" if the levels do not follow from the timesteps and the list is not the grid's own */
  sigmas(path: Path): number[];
}

/** The grid of Euler, Heun and LMS: timesteps may have fractions, and the spaced timesteps' own ends bound the levels. */
export function sigmaGrid(options: Required<SigmaOptions>): SigmaGrid {
  const { spacing, stepsOffset, sigmas } = options;
  return createGrid(options, (schedule, steps) => {
    const timesteps = spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset, fractional: true });
    if (sigmas === "timesteps") return { timesteps };
    const table = sigmaTable(schedule);
    const levels = spaceSigmas(sigmas, sigmaAt(table, timesteps[0]!), sigmaAt(table, timesteps.at(-1)!), steps);
    return { timesteps: levels.map((sigma) => Math.fround(timestepAt(table, sigma))), levels };
  });
}

/** The grid of DPM-Solver++ and UniPC: whole timesteps, the clean end outside of the list, the schedule's ends bound the levels. */
export function multistepGrid(options: Required<SigmaOptions> & MultistepOptions): SigmaGrid {
  const { spacing, stepsOffset, sigmas, lambdaMinClipped = -Infinity, truncateTimesteps } = options;
  const whole = truncateTimesteps || sigmas === "exponential" ? Math.trunc : Math.round;
  return createGrid(options, (schedule, steps) => {
    const { length } = schedule;
    const table = sigmaTable(schedule);
    if (sigmas === "timesteps") {
      const below = table.filter((sigma) => levelOf(sigma).lambda >= lambdaMinClipped).length;
      return { timesteps: spaceTimesteps({ spacing, steps, length, stepsOffset, below, dropLast: true }) };
    }
    const levels = spaceSigmas(sigmas, table[length - 1]!, table[0]!, steps);
    return { timesteps: levels.map((sigma) => whole(timestepAt(table, sigma))), levels };
  });
}

/** Timesteps, and their levels where these are not the schedule's own. */
type Grid = (schedule: NoiseSchedule, steps: number) => { timesteps: number[]; levels?: number[] };

function createGrid({ spacing, sigmas: rule, finalSigma }: SigmaOptions, plan: Grid): SigmaGrid {
  const levelsOf = (path: Path, table: Float64Array) => {
    const { schedule, timesteps, skippedSteps = 0 } = path;
    if (rule === "timesteps") return timesteps.map((t) => sigmaAt(table, t));
    const own = plan(schedule, plannedSteps(path));
    if (own.timesteps.slice(skippedSteps).every((t, i) => t === timesteps[i])) return own.levels!.slice(skippedSteps);
    throw new UnclipError(
      "input",
      `sampler: with "${rule}" sigmas the timesteps must be the sampler's own; take them from sampler.timesteps()`,
    );
  };
  const sigmas = (path: Path) => {
    const table = sigmaTable(path.schedule);
    return [...levelsOf(path, table), finalSigma === "zero" ? 0 : table[0]!].map(Math.fround);
  };
  return {
    timesteps: (schedule, steps) => plan(schedule, steps).timesteps,
    sigmas,
    alphasCumprod: (path) => sigmas(path).map((sigma) => 1 / (sigma ** 2 + 1)),
    // How far x_T = σ ε of the first level is from the Denoiser's unit variance. "leading" timesteps begin well below T, and the
    // reference starts them from noise of unit variance.
    initialScale(path) {
      const [first] = sigmas(path) as [number];
      return spacing === "leading" ? 1 : first / Math.hypot(first, 1);
    },
  };
}

/** A noise level in the names of the solvers' papers: x_t = α x_0 + σ ε with α² + σ² = 1, and λ = log(α / σ). */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: number;
}

/** The level of sqrt((1 - ᾱ) / ᾱ) = `sigma`, which is 0 at the clean end: α = 1, λ = ∞. */
export function levelOf(sigma: number): Level {
  const alpha = 1 / Math.hypot(sigma, 1);
  return { alpha, sigma: sigma * alpha, lambda: -Math.log(sigma) };
}

/** The x_0 that a prediction at level `sigma` stands for, kept in range. */
export function x0AtSigma(prediction: Prediction, xt: Tensor, sigma: number, clipping: Clipping): Tensor {
  return clipX0(predictedX0(prediction, xt, 1 / (sigma ** 2 + 1)), clipping);
}

/** The slope dx/dσ = (x - x_0) / σ of the probability-flow ODE, as the x_t, x_0 and σ that it is made of.
 * @see Karras et al. 2022 (arXiv:2206.00364) eq. 1 and 3 */
export interface Slope {
  readonly xt: Tensor;
  readonly x0: Tensor;
  readonly sigma: number;
}

/** A move from one level to another. */
export interface Move {
  readonly from: number;
  readonly to: number;
  /** Slopes and the lengths to follow them for. */
  readonly slopes: readonly (readonly [length: number, slope: Slope])[];
  /** Standard normal values and what they are multiplied by; default none. */
  readonly noise?: readonly [weight: number, values: Tensor];
}

/** x_t of level `to`: (sqrt(from² + 1) x_t + Σ length · slope + weight · noise) / sqrt(to² + 1). Slopes are taken apart, so that
 * all is added up in float64: from σ of 20,000, where squared-cosine schedules begin, little of their difference is left. */
export function moveInSigma(xt: Tensor, { from, to, slopes, noise }: Move): Tensor {
  const inSigma = (sigma: number) => Math.hypot(sigma, 1);
  const terms = [
    [inSigma(from), xt] as const,
    ...slopes.flatMap(([length, { xt: x, x0, sigma }]) => [
      [(length / sigma) * inSigma(sigma), x] as const,
      [-length / sigma, x0] as const,
    ]),
    ...(noise ? [noise] : []),
  ];
  return weightedSum(terms.map(([weight, term]) => [weight / inSigma(to), term]));
}

/** σ_t of every timestep, [T], with the float32 values of torch. A schedule that ends without signal would end in σ = ∞;
 * like diffusers we take ᾱ = 2^-24 there. */
function sigmaTable({ alphasCumprod }: NoiseSchedule): Float64Array {
  return alphasCumprod.map((value) => {
    const bar = value === 0 ? 2 ** -24 : value;
    return Math.fround(Math.sqrt(Math.fround(Math.fround(1 - bar) / bar)));
  });
}

/** σ at a timestep that may have a fraction: linear between its neighbours. */
function sigmaAt(table: Float64Array, t: number): number {
  const below = Math.floor(t);
  const [here, above] = [table[below]!, table[below + 1] ?? table[below]!];
  return here + (above - here) * (t - below);
}

/** The timestep of a level: linear in log σ between its neighbours, within the table. */
function timestepAt(table: Float64Array, sigma: number): number {
  const logs = table.map((value) => Math.fround(Math.log(value)));
  const log = Math.log(Math.max(sigma, 1e-10));
  const above = logs.findIndex((value) => value > log);
  const below = Math.min(Math.max((above < 0 ? logs.length : above) - 1, 0), logs.length - 2);
  const fraction = (logs[below]! - log) / (logs[below]! - logs[below + 1]!);
  return below + Math.min(Math.max(fraction, 0), 1);
}

/** N levels from `first` down to `last`.
 * @see Karras et al. 2022 (arXiv:2206.00364) eq. 5 with ρ = 7 */
function spaceSigmas(spacing: "karras" | "exponential", first: number, last: number, steps: number): number[] {
  const ramp = Array.from({ length: steps }, (_, i) => (steps === 1 ? 0 : i / (steps - 1)));
  if (spacing === "exponential") return ramp.map((u) => Math.exp(Math.log(first) + u * Math.log(last / first)));
  const [high, low] = [first ** (1 / 7), last ** (1 / 7)];
  return ramp.map((u) => (high + u * (low - high)) ** 7);
}
