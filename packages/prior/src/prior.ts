import type { SamplerChoice, SampleStep } from "@unclip/sampler";
import type { Random, Run, Tensor, TextFeatures } from "@unclip/tensor";

/** Options of {@link Prior.embed}. A prior ignores those that it has no use for. */
export interface PriorOptions {
  /** What guidance leads away from: features of the empty caption or of a negative one, one row or one per caption. Needed unless
   * the scale is 1. */
  readonly negative?: TextFeatures;
  /** Source of the noise. */
  readonly random: Random;
  /** Sampling steps; default 25. */
  readonly steps?: number;
  /** Another sampler than the model's own: a name such as "dpmpp-2m", `{ name, ...options }`, or a Sampler. */
  readonly sampler?: SamplerChoice;
  /** s of negative + s (caption - negative): 1 is off; default 4. */
  readonly guidanceScale?: number;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** Turns what CLIP says of captions into CLIP image embeddings. An app swaps it for one of its own here: an async function
 * is enough, a run shows its steps too. */
export interface Prior {
  /** For messages and recipes, for example "diffusion". */
  readonly name: string;
  /** @param text features of N captions
   * @returns the image embeddings z_i, [N, D]; undefined if the caption alone shall condition the decoder */
  embed(
    text: TextFeatures,
    options: PriorOptions,
  ): Run<Tensor | undefined, SampleStep> | PromiseLike<Tensor | undefined>;
}
