import type { Sampler } from "../sample.js";
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

/** Options of {@link unipc}. */
export interface UnipcOptions extends MultistepOptions {
  /** How many predictions of x_0 the predictor looks at; default 2. The corrector looks at one more. */
  readonly order?: 1 | 2 | 3;
  /** B(h) of the paper: h ("bh1") or e^h - 1 ("bh2", default). */
  readonly solverType?: "bh1" | "bh2";
  /** Whether the order falls to 1 towards the end of the run; default true. A step to σ = 0 has order 1. */
  readonly lowerOrderFinal?: boolean;
  /** Steps, counted from 0, whose result is not corrected; default none. */
  readonly disableCorrector?: readonly number[];
}

/** The options of {@link unipc} as data. */
export const unipcOptions = (): OptionTable<UnipcOptions, "lambdaMinClipped"> => ({
  ...multistepOptions(),
  order: { kind: "integer", min: 1, max: 3, default: 2, meaning: "how many predictions of x_0 the predictor looks at" },
  solverType: { kind: "choice", choices: ["bh1", "bh2"], default: "bh2", meaning: "B(h) of the paper: h, or e^h - 1" },
  lowerOrderFinal: { kind: "flag", default: true, meaning: "the order falls to 1 towards the end of the run" },
  disableCorrector: {
    kind: "numbers",
    min: 0,
    default: [],
    meaning: "steps, counted from 0, whose result is not corrected",
  },
});

/** UniPC in its data-prediction form: a predictor like DPM-Solver++'s, whose result is corrected as soon as the network has
 * seen it, without another evaluation.
 * @see Zhao et al. 2023 (arXiv:2302.04867) algorithms 1-2, with appendix A for data prediction */
export function unipc(options: UnipcOptions = {}): Sampler {
  const read = readOptions("unipc", unipcOptions(), options);
  const { order, solverType, lowerOrderFinal, disableCorrector, clipping } = read;
  const { sigmas: sigmasOf, timesteps, alphasCumprod } = multistepGrid(read);
  return {
    name: "unipc",
    timesteps,
    alphasCumprod,
    begin(process) {
      const sigmas = sigmasOf(process);
      const levels = sigmas.map(levelOf);
      const steps = sigmas.length - 1;
      const predictions: Tensor[] = []; // x_0 of the last steps, newest first
      let last: { readonly xt: Tensor; readonly order: number; readonly next: Tensor } | undefined;
      const step = (index: number, xt: Tensor, used: number, arrived?: Tensor) => {
        const nodes = predictions.slice(1, used).map((x0, i) => ({ x0, at: levels[index - 1 - i]! }));
        if (arrived) nodes.push({ x0: arrived, at: levels[index + 1]! });
        return advance(xt, predictions[0]!, { from: levels[index]!, to: levels[index + 1]!, nodes, solverType });
      };
      return async (denoise, xt, index) => {
        const x0 = x0AtSigma(await denoise(xt, process.timesteps[index]!), xt, sigmas[index]!, clipping);
        // A sample that was changed in between, as inpainting does, is taken as it is.
        const correct = last?.next === xt && !disableCorrector.includes(index - 1);
        const corrected = correct ? step(index - 1, last!.xt, last!.order, x0) : xt;
        predictions.unshift(x0);
        predictions.length = Math.min(predictions.length, order);
        const most = sigmas[index + 1] === 0 ? 1 : lowerOrderFinal ? steps - index : order;
        const used = Math.min(predictions.length, most);
        last = { xt: corrected, order: used, next: step(index, corrected, used) };
        return { xt: last.next, x0 };
      };
    },
  };
}

/** A step and the predictions besides m0 that it goes through. */
interface Stretch {
  readonly from: Level;
  readonly to: Level;
  readonly nodes: readonly { readonly x0: Tensor; readonly at: Level }[];
  readonly solverType: "bh1" | "bh2";
}

/** x' = σ'/σ x - α' φ m0 - α' B(h) Σ ρ_i (m_i - m0) / r_i, with φ = e^{-h} - 1 and r_i = (λ_i - λ) / h. */
function advance(xt: Tensor, m0: Tensor, { from, to, nodes, solverType }: Stretch): Tensor {
  const h = to.lambda - from.lambda;
  if (h === 0) return xt;
  const phi = Math.expm1(-h);
  const b = solverType === "bh1" ? -h : phi;
  const ratios = nodes.map(({ at }) => (at.lambda - from.lambda) / h);
  const rho = weights(ratios, -h, b);
  const ofNodes = rho.map((weight, i) => (-to.alpha * b * weight) / ratios[i]!);
  const ofM0 = -to.alpha * phi - ofNodes.reduce((sum, weight) => sum + weight, 0);
  return weightedSum([
    [to.sigma / from.sigma, xt],
    [ofM0, m0],
    ...nodes.map(({ x0 }, i) => [ofNodes[i]!, x0] as const),
  ]);
}

/** ρ, from Σ_i ρ_i r_i^{j-1} = b_j for j = 1..p; a single node takes 1/2, which is as exact and does not depend on h.
 * @param hh -h, the paper's h for data prediction
 * @param b B(h) */
function weights(ratios: readonly number[], hh: number, b: number): number[] {
  if (ratios.length < 2) return ratios.map(() => 0.5);
  let [phi, factorial] = [Math.expm1(hh) / hh - 1, 1];
  const rows = ratios.map((_, j) => {
    const row = [...ratios.map((r) => r ** j), (phi * factorial) / b];
    factorial *= j + 2;
    phi = phi / hh - 1 / factorial;
    return row;
  });
  return solve(rows);
}

/** The solution of a small linear system by elimination with pivots.
 * @param rows [p] rows of p coefficients and a right-hand side; overwritten */
function solve(rows: number[][]): number[] {
  for (let column = 0; column < rows.length; column++) {
    const below = rows.slice(column).map((row) => Math.abs(row[column]!));
    const pivot = column + below.indexOf(Math.max(...below));
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (const [i, row] of rows.entries()) {
      if (i === column) continue;
      const factor = row[column]! / rows[column]![column]!;
      row.forEach((value, j) => (row[j] = value - factor * rows[column]![j]!));
    }
  }
  return rows.map((row, i) => row.at(-1)! / row[i]!);
}
