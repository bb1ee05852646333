import { alphaBar, predictedX0, type Evaluation, type NoiseSchedule } from "@unclip/sampler";
import type { Tensor } from "@unclip/tensor";

/** What a step of a stage did, in numbers: pixels [N, 3, H, W] in [-1, 1], latents [N, C, h, w] of a decoder of latents, or of the prior image
 * embeddings [N, D]. */
export interface StepInside {
  /** The training timestep t of the step; the nearest whole one where a sampler visits others. */
  readonly t: number;
  /** ᾱ at t: the share of the clean sample's variance in x_t. */
  readonly alphaCumprod: number;
  /** x_t, which the network saw. */
  readonly xt: Tensor;
  /** x_0, as it is predicted from x_t; clipped as the sampler does. */
  readonly x0: Tensor;
  /** What guidance made x_0 of, neither of them clipped; absent without guidance. */
  readonly unguided?: {
    /** x_0 predicted for the condition alone. */
    readonly cond: Tensor;
    /** x_0 predicted for what guidance leads away from, such as the empty caption. */
    readonly uncond: Tensor;
  };
}

/** What {@link stepInside} needs of a step. */
export interface SeenStep {
  readonly x0: Tensor;
  readonly evaluation: Evaluation;
  /** From the space of the step's tensors to the one that is shown; default the same. */
  readonly embeddingOf?: (x: Tensor) => Tensor;
}

/** What a step did. */
export function stepInside(
  { x0, evaluation: { xt, t, prediction }, embeddingOf = (x) => x }: SeenStep,
  schedule: NoiseSchedule,
): StepInside {
  const nearest = Math.min(Math.max(Math.round(t), 0), schedule.length - 1);
  const alphaCumprod = alphaBar(schedule, nearest);
  const { type, unguided } = prediction;
  const cleanOf = (output: Tensor) => embeddingOf(predictedX0({ type, output }, xt, alphaCumprod));
  return {
    t: nearest,
    alphaCumprod,
    xt: embeddingOf(xt),
    x0: embeddingOf(x0),
    ...(unguided && { unguided: { cond: cleanOf(unguided.cond), uncond: cleanOf(unguided.uncond) } }),
  };
}
