import {
  checkGuidanceInterval,
  guidedWithin,
  planSampling,
  sample,
  withGuidance,
  type Denoiser,
  type GuidanceInterval,
  type SamplerChoice,
  type SampleStep,
  type SchedulerConfig,
} from "@unclip/sampler";
import {
  checkArgument,
  checkRandom,
  checkTextFeatures,
  createRun,
  repeatRows,
  textRows,
  UnclipError,
  type Random,
  type Run,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import type { DecoderSpace } from "./space.js";
import { checkCacheInterval } from "./unet-runner.js";

/** What a decoder is conditioned on: an image embedding, captions, or both. Each decoder says what it needs. */
export interface DecoderCondition {
  /** CLIP image embeddings z_i, [N, D]; without it the decoder's null embedding stands there. */
  readonly imageEmbedding?: Tensor;
  /** Features of N captions, by the decoder's own text encoder. */
  readonly text?: TextFeatures;
}

/** Options of {@link Decoder.denoiser}. */
export interface DenoiserOptions {
  /** What guidance leads away from, one row or one per picture: a condition like any other. Needed unless the scale is 1. */
  readonly negative?: DecoderCondition;
  /** s of negative + s (condition - negative): 1 is off; default the decoder's own. */
  readonly guidanceScale?: number;
  /** Training timesteps at which guidance acts, both ends included: at others the condition alone is computed, in half the time. Default all. */
  readonly guidanceInterval?: GuidanceInterval;
  /** N: the whole U-Net runs in every N-th step, the first among them; the steps between reuse what its levels below the first made then. 1, the default,
   * runs it in each.
   * @see Ma et al. 2023 (arXiv:2312.00858, DeepCache) */
  readonly cacheInterval?: number;
}

/** Options of {@link Decoder.decode}. */
export interface DecodeOptions extends DenoiserOptions {
  /** Source of the noise. */
  readonly random: Random;
  /** Sampling steps; default the decoder's own. */
  readonly steps?: number;
  /** Another sampler than the model's own: a name such as "dpmpp-2m", `{ name, ...options }`, or a Sampler. */
  readonly sampler?: SamplerChoice;
  /** Standard normal x_T of `space.shape(N)` to start from; default drawn from `random`. */
  readonly xT?: Tensor;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** Paints pictures from CLIP embeddings.
 *
 * `denoiser` and `space` are what any sampling needs: generation, inversion, variations, inpainting are `sample` over that denoiser
 * from some start in that space. `decode` is the short form for the most usual one. */
export interface Decoder {
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  readonly scheduler: SchedulerConfig;
  readonly space: DecoderSpace;
  /** Steps and guidance where the caller names none. */
  readonly defaults: { readonly steps: number; readonly guidanceScale: number };
  /** The network for a condition of N rows, with guidance around it: takes x_t of `space.shape(N)`.
   * @throws UnclipError "shape" if a condition is not from this model, "input" if one lacks what this decoder needs or the interval cannot be */
  denoiser(condition: DecoderCondition, options?: DenoiserOptions): Denoiser;
  /** Samples from noise.
   * @returns a run over the steps whose result is pixels [N, 3, H, W] in [-1, 1]
   * @throws UnclipError as `denoiser` does, and "aborted" if the signal fires */
  decode(condition: DecoderCondition, options: DecodeOptions): Run<Tensor, SampleStep>;
}

/** What decoders of one kind differ in. */
export interface DecoderParts extends Pick<Decoder, "embeddingWidth" | "scheduler" | "space" | "defaults"> {
  /** Throws unless `condition` has `n` rows of this model's sizes and all that this decoder needs. */
  check(condition: DecoderCondition, n: number, where: string): void;
  /** The network for the rows of all `conditions`, one after another. They are checked, and have equally many rows.
   * @param cacheInterval that of {@link DenoiserOptions}, checked */
  denoise(conditions: readonly DecoderCondition[], cacheInterval: number): Denoiser;
}

/** A decoder from its parts. */
export function createDecoder(parts: DecoderParts): Decoder {
  const { embeddingWidth, scheduler, space, defaults } = parts;
  function denoiser(condition: DecoderCondition, options: DenoiserOptions = {}): Denoiser {
    const { negative, guidanceScale = defaults.guidanceScale, guidanceInterval, cacheInterval = 1 } = options;
    const n = rowCount(condition);
    parts.check(condition, n, "decoder");
    if (guidanceInterval !== undefined)
      checkGuidanceInterval("decoder.guidanceInterval", guidanceInterval, scheduler.schedule);
    checkCacheInterval("decoder.cacheInterval", cacheInterval);
    if (guidanceScale === 1) return parts.denoise([condition], cacheInterval);
    if (negative === undefined) {
      throw new UnclipError(
        "input",
        "decoder.negative: guidance needs a condition to lead away from, such as the empty caption; guidanceScale 1 does without",
      );
    }
    const away = conditionRows(negative, n);
    parts.check(away, n, "decoder.negative");
    return guidedWithin(
      guidanceInterval,
      () => withGuidance(parts.denoise([away, condition], cacheInterval), guidanceScale),
      () => parts.denoise([condition], cacheInterval),
    );
  }
  return {
    embeddingWidth,
    scheduler,
    space,
    defaults,
    denoiser,
    decode: (condition, options) =>
      createRun(async function* () {
        checkRandom("decoder.random", options?.random);
        const { random, steps = defaults.steps, sampler, signal } = options;
        const plan = planSampling(scheduler, "decoder", { steps, sampler });
        const denoise = denoiser(condition, options);
        const { xT = random.normal(space.shape(rowCount(condition))) } = options;
        return space.decode(yield* sample(denoise, { ...plan, where: "decoder", xT, random, signal }));
      }),
  };
}

/** N of a condition.
 * @throws UnclipError "input" if it is empty */
function rowCount(condition: DecoderCondition): number {
  checkArgument("decoder", condition, [], "a condition, { imageEmbedding, text }");
  const { imageEmbedding, text } = condition;
  if (text !== undefined) checkTextFeatures("decoder.text", text);
  const n = (imageEmbedding ?? text?.textEmbedding)?.dims?.[0];
  if (n !== undefined) return n;
  throw new UnclipError("input", "decoder: give an imageEmbedding, text, or both");
}

/** A condition of one row for `n` pictures. */
function conditionRows({ imageEmbedding, text }: DecoderCondition, n: number): DecoderCondition {
  return {
    ...(imageEmbedding && {
      imageEmbedding: imageEmbedding.dims[0] === 1 ? repeatRows(imageEmbedding, n) : imageEmbedding,
    }),
    ...(text && { text: textRows(text, n, "decoder.negative.text") }),
  };
}
