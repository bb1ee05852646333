import type { SamplerChoice, SampleStep } from "@unclip/sampler";
import type { Random, Tensor, TextFeatures } from "@unclip/tensor";

/** Options of {@link Prior.embed}. */
export interface PriorOptions {
  /** Features of the empty caption, one row or one per caption; what guidance leads away from. */
  readonly unconditional: TextFeatures;
  /** Source of the noise. */
  readonly random: Random;
  /** Sampling steps; default 25. A prior without steps ignores it. */
  readonly steps?: number;
  /** Another sampler than the model's own, for example "dpmpp-2m" or { name: "ddim", eta: 0.5 }. */
  readonly sampler?: SamplerChoice;
  /** uncond + s (cond - uncond): 1 is off; default 4. */
  readonly guidanceScale?: number;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** Turns what CLIP says of captions into CLIP image embeddings. An app swaps it for one of its own here. */
export interface Prior {
  /** For messages and recipes, for example "diffusion". */
  readonly name: string;
  /** @param text features of N captions
   * @returns after yielding its steps, the image embeddings z_i, [N, D]; undefined if the caption alone shall condition the decoder */
  embed(text: TextFeatures, options: PriorOptions): AsyncGenerator<SampleStep, Tensor | undefined>;
}
