import { epsFromX0 } from "../diffusion.js";
import { zip, type Tensor } from "@unclip/tensor";
import {
  clipX0,
  predictedEps,
  predictedX0,
  type Clipping,
  type Prediction,
  type PredictionType,
} from "../prediction.js";
import { plannedSteps, type Path, type Sampler } from "../sample.js";
import { alphaBar } from "../schedule.js";
import { spaceTimesteps, type TimestepSpacing } from "../timesteps.js";
import {
  anySpacingOption,
  clippingOption,
  previousOption,
  readOptions,
  setAlphaToOneOption,
  stepsOffsetOption,
  type OptionTable,
} from "./options.js";
import { weightedSum } from "./weighted-sum.js";

/** Options of {@link pndm}. */
export interface PndmOptions {
  /** Rule for the timesteps; default "leading". */
  readonly spacing?: TimestepSpacing;
  /** Added to every timestep of "leading"; default 0. */
  readonly stepsOffset?: number;
  /** Range of the predicted x_0; default none. Where there is one, ε is taken from the x_0 in range. */
  readonly clipping?: Clipping;
  /** Whether ᾱ after the last step is 1 or ᾱ_0 (default). */
  readonly setAlphaToOne?: boolean;
  /** Whether a step goes to the next timestep of the list ("list", default) or back by floor(T / N), as diffusers does ("stride"). */
  readonly previous?: "list" | "stride";
}

/** The options of {@link pndm} as data. */
export const pndmOptions = (): OptionTable<PndmOptions> => ({
  spacing: anySpacingOption("leading"),
  stepsOffset: stepsOffsetOption(),
  clipping: clippingOption({ kind: "none" }),
  setAlphaToOne: setAlphaToOneOption(false),
  previous: previousOption(),
});

/** Pseudo linear multistep method (PLMS): the Adams-Bashforth combination of the last four ε in a DDIM step. It starts without
 * Runge-Kutta steps: the first step is taken twice, the second time with the mean of the ε at both of its ends.
 * @see Liu et al. 2022 (arXiv:2202.09778) eq. 9 and 12; the start is that of latent-diffusion's PLMS */
export function pndm(options: PndmOptions = {}): Sampler {
  const read = readOptions("pndm", pndmOptions(), options);
  const { spacing, stepsOffset, clipping } = read;
  return {
    name: "pndm",
    timesteps: (schedule, steps) => spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset }),
    begin(process) {
      const { schedule, timesteps } = process;
      const outputs: Tensor[] = []; // of the last steps, newest first
      return async (denoise, xt, index) => {
        const evaluate = async (x: Tensor, at: number) => {
          const t = timesteps[at]!;
          return multistepOutput(await denoise(x, t), x, alphaBar(schedule, t), clipping);
        };
        const { x0, type, output } = await evaluate(xt, index);
        outputs.unshift(output);
        outputs.length = Math.min(outputs.length, 4);
        const combined = weightedSum(COMBINATIONS[outputs.length - 1]!.map((weight, i) => [weight, outputs[i]!]));
        const next = transfer({ type, output: combined }, xt, stepBars(process, index, read));
        if (index > 0 || timesteps.length === 1) return { xt: next, x0 };
        const end = await evaluate(next, 1);
        const mean = zip(output, end.output, (a, b) => (a + b) / 2);
        return { xt: transfer({ type, output: mean }, xt, retakenBars(process, read)), x0: end.x0 };
      };
    },
  };
}

/** Weights of the outputs, newest first, where one, two, three or four are known. */
const COMBINATIONS: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** x_0 of one evaluation, and what is combined over the steps: ε or v as the network gives them, otherwise ε. */
function multistepOutput(
  prediction: Prediction,
  xt: Tensor,
  bar: number,
  clipping: Clipping,
): { x0: Tensor; type: PredictionType; output: Tensor } {
  const x0 = clipX0(predictedX0(prediction, xt, bar), clipping);
  if (clipping.kind !== "none") return { x0, type: "epsilon", output: epsFromX0(xt, x0, bar) };
  if (prediction.type === "v_prediction") return { x0, type: "v_prediction", output: prediction.output };
  return { x0, type: "epsilon", output: predictedEps(prediction, xt, bar) };
}

/** ᾱ at both ends of a step. */
interface StepBars {
  readonly barT: number;
  readonly barS: number;
}

type StepOptions = Required<Pick<PndmOptions, "setAlphaToOne" | "previous">>;

/** The ends of the step from timesteps[index]. */
function stepBars(path: Path, index: number, options: StepOptions): StepBars {
  const { timesteps } = path;
  const t = timesteps[index]!;
  const s = options.previous === "stride" ? t - strideOf(path) : (timesteps[index + 1] ?? -1);
  return barsOf(path, t, s, options);
}

/** The ends of the first step when it is taken anew: with strides they are counted from its lower end, as diffusers does. */
function retakenBars(path: Path, options: StepOptions): StepBars {
  const [first, second] = path.timesteps as [number, number];
  return barsOf(path, options.previous === "stride" ? second + strideOf(path) : first, second, options);
}

function barsOf({ schedule }: Path, t: number, s: number, { setAlphaToOne }: StepOptions): StepBars {
  const cleanEnd = setAlphaToOne ? 1 : alphaBar(schedule, 0);
  return { barT: alphaBar(schedule, t), barS: alphaBar(schedule, s, cleanEnd) };
}

function strideOf(path: Path): number {
  return Math.floor(path.schedule.length / plannedSteps(path));
}

/** The transfer part of PNDM, a DDIM step written without x_0:
 * x_s = sqrt(ᾱ_s / ᾱ_t) x_t - (ᾱ_s - ᾱ_t) / (ᾱ_t sqrt(1 - ᾱ_s) + sqrt(ᾱ_t (1 - ᾱ_t) ᾱ_s)) ε.
 * @see Liu et al. 2022 (arXiv:2202.09778) eq. 9 */
function transfer(prediction: Prediction, xt: Tensor, { barT, barS }: StepBars): Tensor {
  const ofEps = (barS - barT) / (barT * Math.sqrt(1 - barS) + Math.sqrt(barT * (1 - barT) * barS));
  return weightedSum([
    [Math.sqrt(barS / barT), xt],
    [-ofEps, predictedEps(prediction, xt, barT)],
  ]);
}
