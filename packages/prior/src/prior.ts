import type { GuidanceInterval, SamplerChoice, SampleStep } from "@unclip/sampler";
import {
  checkRandom,
  checkTextFeatures,
  textRows,
  UnclipError,
  type Random,
  type Run,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";

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
  /** Of a prior that samples in time, the training timesteps at which guidance acts, both ends included: at others the caption alone is computed,
   * in half the time. Default all. */
  readonly guidanceInterval?: GuidanceInterval;
  /** Of a prior that draws from probabilities, what these are sharpened by: below 1 the likely becomes likelier, 0 takes the likeliest;
   * default the prior's own. */
  readonly temperature?: number;
  /** Of a prior that draws from probabilities: only the likeliest values that together reach this share are drawn, in (0, 1]; default 1. */
  readonly topP?: number;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** Progress of a prior: `step` of `steps` is done. Priors that sample in time say more. */
export type PriorStep = Pick<SampleStep, "step" | "steps"> &
  Partial<SampleStep> & {
    /** From the space that the step's tensors are in, [N, D], to image embeddings; absent where they are such. */
    readonly embeddingOf?: (x: Tensor) => Tensor;
  };

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
  ): Run<Tensor | undefined, PriorStep> | PromiseLike<Tensor | undefined>;
}

/** Throws unless a prior got captions and a source of noise.
 * @throws UnclipError "input" */
export function checkPriorArguments(text: TextFeatures, options: PriorOptions): void {
  checkTextFeatures("prior.text", text);
  checkRandom("prior.random", options?.random);
}

/** What guidance leads away from, for each of `n` captions.
 * @throws UnclipError "input" if nothing is given */
export function negativeRows({ negative }: PriorOptions, n: number): TextFeatures {
  if (negative !== undefined) return textRows(negative, n, "prior.negative");
  throw new UnclipError(
    "input",
    "prior.negative: guidance needs the features of the empty caption, or of another to lead away from; guidanceScale 1 does without",
  );
}
