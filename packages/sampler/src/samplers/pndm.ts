import { epsFromX0 } from "../diffusion.js";
import { UnclipError, type Tensor } from "@unclip/tensor";
import {
  clipX0,
  predictedEps,
  predictedX0,
  type Clipping,
  type Prediction,
  type PredictionType,
} from "../prediction.js";
import type { Process, Sampler } from "../sample.js";
import { alphaBar } from "../schedule.js";
import { spaceTimesteps, type TimestepSpacing } from "../timesteps.js";
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

/** Pseudo linear multistep method (PLMS): the Adams-Bashforth combination of the last four ε in a DDIM step. It starts without
 * Runge-Kutta steps: the first step is taken twice, the second time with the mean of the ε at both of its ends, so that the
 * second timestep stands twice in the list, N + 1 in all.
 * @see Liu et al. 2022 (arXiv:2202.09778) eq. 9 and 12; the start is that of latent-diffusion's PLMS */
export function pndm(options: PndmOptions = {}): Sampler {
  const { spacing = "leading", stepsOffset, clipping = { kind: "none" } } = options;
  return {
    name: "pndm",
    timesteps(schedule, steps) {
      const list = spaceTimesteps({ spacing, steps, length: schedule.length, stepsOffset });
      return list.flatMap((t, i) => (i === 1 ? [t, t] : [t]));
    },
    begin(process) {
      const { schedule, timesteps } = process;
      checkStart(timesteps);
      const outputs: Tensor[] = []; // of the last steps, newest first
      let first: Tensor | undefined;
      return (prediction, xt, index) => {
        const bar = alphaBar(schedule, timesteps[index]!);
        const x0 = clipX0(predictedX0(prediction, xt, bar), clipping);
        const plain =
          clipping.kind === "none" ? prediction : { type: "epsilon" as const, output: epsFromX0(xt, x0, bar) };
        const [type, output] = multistepOutput(plain, xt, bar);
        first ??= xt;
        const weights = COMBINATIONS[Math.min(index, 4)]!;
        const combined = weightedSum(weights.map((weight, i) => [weight, i === 0 ? output : outputs[i - 1]!]));
        if (index !== 1) outputs.unshift(output);
        outputs.length = Math.min(outputs.length, 3);
        return {
          xt: transfer({ type, output: combined }, index === 1 ? first : xt, stepBars(process, index, options)),
          x0,
        };
      };
    },
  };
}

/** Weights of the outputs, newest first, of the first steps and of all later ones. The second is the first taken anew. */
const COMBINATIONS: readonly (readonly number[])[] = [
  [1],
  [1 / 2, 1 / 2],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

function checkStart(timesteps: readonly number[]): void {
  if (timesteps.length === 1 || (timesteps.length > 2 && timesteps[1] === timesteps[2])) return;
  throw new UnclipError("input", "pndm: expected the second timestep twice; take the list from sampler.timesteps()");
}

/** What is combined over the steps: ε or v as the network gives them, otherwise ε. */
function multistepOutput(prediction: Prediction, xt: Tensor, bar: number): [PredictionType, Tensor] {
  return prediction.type === "v_prediction"
    ? ["v_prediction", prediction.output]
    : ["epsilon", predictedEps(prediction, xt, bar)];
}

/** ᾱ at both ends of a step. */
interface StepBars {
  readonly barT: number;
  readonly barS: number;
}

function stepBars({ schedule, timesteps }: Process, index: number, options: PndmOptions): StepBars {
  const { setAlphaToOne = false, previous = "list" } = options;
  const stride = Math.floor(schedule.length / Math.max(timesteps.length - 1, 1));
  const again = index === 1;
  const here = timesteps[index]!;
  const [t, s] =
    previous === "stride"
      ? [again ? here + stride : here, again ? here : here - stride]
      : [again ? timesteps[0]! : here, again ? here : (timesteps[index + 1] ?? -1)];
  const cleanEnd = setAlphaToOne ? 1 : alphaBar(schedule, 0);
  return { barT: alphaBar(schedule, t), barS: alphaBar(schedule, s, cleanEnd) };
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
