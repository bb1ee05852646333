import type { Prior } from "@unclip/prior";
import type { GuidanceInterval, SamplerChoice } from "@unclip/sampler";
import type { Picture, Random } from "@unclip/tensor";
import type { ImageSettings } from "./manipulations/repainting.js";
import type { PresetName } from "./presets.js";

/** How a caption becomes an image embedding: by the model's diffusion prior, or its autoregressive one; by its CLIP text embedding in place of an image embedding;
 * not at all, so that the caption alone conditions the decoder. */
export type PriorKind = "diffusion" | "autoregressive" | "text-embedding" | "none";

/** Settings of the prior. What is left out takes the model's own default (`unclip.json`), or else that of its pipeline in diffusers. */
export interface PriorSettings {
  /** Default "diffusion". */
  kind?: PriorKind;
  /** Sampling steps. */
  steps?: number;
  /** Guidance scale: 1 is off, 0 ignores the caption. */
  guidanceScale?: number;
  /** Of the diffusion prior, the timesteps at which guidance acts, such as [200, 800], both ends included: at others the caption alone is
   * computed, in half the time. Of T training timesteps, as a rule 1000, sampling goes from T - 1, which is noise, to 0. Default all. */
  guidanceInterval?: GuidanceInterval;
  /** Another sampler than the model's own, for example "dpmpp-2m" or { name: "ddim", eta: 1 }. */
  sampler?: SamplerChoice;
  /** Embeddings drawn for each caption, of which the nearest to it is kept, from 1 to 16; default 1. The paper takes 2. */
  candidates?: number;
  /** Of the autoregressive prior, what its probabilities are sharpened by: 0 takes the likeliest; default 0.1. */
  temperature?: number;
  /** Of the autoregressive prior: only the likeliest values that together reach this share are drawn, above 0 to 1; default 1. */
  topP?: number;
}

/** Settings of the decoder, with defaults as for {@link PriorSettings}. */
export interface DecoderSettings {
  /** Sampling steps. */
  steps?: number;
  /** Guidance scale: 1 is off, 0 ignores the condition. */
  guidanceScale?: number;
  /** The timesteps at which guidance acts, as of {@link PriorSettings}. */
  guidanceInterval?: GuidanceInterval;
  /** N: the whole network runs in every N-th step, the first among them; the steps between run its first level alone, which reuses what
   * the deeper ones made then. 1, the default, runs it in each. */
  cacheInterval?: number;
  /** Another sampler than the model's own. */
  sampler?: SamplerChoice;
}

/** Settings of one upsampler, with defaults as for {@link PriorSettings}. */
export interface UpsamplerSettings {
  /** Sampling steps. */
  steps?: number;
  /** Another sampler than the model's own. */
  sampler?: SamplerChoice;
}

/** What every request that paints says. It is plain data, unless a sampler is given as an object. */
export interface PaintRequest {
  /** Pictures for each caption or picture, 1 or more; default 1. */
  n?: number;
  /** Seed of the random numbers, an integer, beyond 2^53 a bigint or its digits; default 0. The same seed gives the same picture as
   * diffusers on a CPU. */
  seed?: number | bigint | string;
  /** The caption that guidance leads away from; default "", the empty one. */
  negative?: string;
  /** How much work each picture is given, "exact", "balanced" or "fast": what settings that are left out are; default "exact", the model's own.
   * Ways that invert a picture keep their own decoder settings. */
  preset?: PresetName;
  /** Width of the pictures in pixels, of a model that paints several; default the model's own. Rounded up to what the model can paint, which
   * a warning then says. */
  width?: number;
  /** Height of the pictures, likewise. */
  height?: number;
  /** How much noise the image embedding is given before it is painted, of a model that does so (Stable unCLIP): a whole number from 0, the
   * default, to 999; with more, pictures differ more from what the embedding says. */
  noiseLevel?: number;
  /** A depth picture that the pictures shall follow, of a model that sees one (Kandinsky 2.2's controlnet-depth), which always needs one; near
   * is white. It is resized to the pictures' size; in recipes it has it. */
  depth?: Picture | string;
  decoder?: DecoderSettings;
  /** How many upsamplers run, or the settings of each that does; default all of them. 0 or [] gives the decoder's own small picture. */
  upsamplers?: number | readonly UpsamplerSettings[];
}

/** Negative captions of a request about several captions or pictures. */
export interface NegativeSettings {
  /** What guidance leads away from: one caption for all, or one for each caption or picture; default "", the empty one. */
  negative?: string | readonly string[];
}

/** A request of `generate` besides its captions. */
export interface GenerateRequest extends Omit<PaintRequest, "negative">, NegativeSettings, ImageSettings {
  /** A kind, its settings, or a prior of your own. */
  prior?: PriorKind | PriorSettings | Prior;
  /** Pictures painted for each caption, `n` or more, of which the `n` are given that CLIP sees nearest to it, the nearest first. Default: as
   * many as are given, in the order in which they were painted. */
  rerank?: number;
}

/** How a run is run. These are no settings: a recipe does not hold them. */
export interface RunOptions {
  /** A random stream of your own in place of the seed's; the recipe then has no seed. */
  random?: Random;
  /** Stops between two steps with UnclipError "aborted". */
  signal?: AbortSignal;
  /** The same, by the name other image libraries use. */
  abortSignal?: AbortSignal;
}

/** Settings of a guided stage with every gap filled. */
export interface FilledStage {
  readonly steps: number;
  readonly guidanceScale: number;
  /** Absent where guidance acts everywhere. */
  readonly guidanceInterval?: GuidanceInterval;
  /** Absent where it is the model's own. */
  readonly sampler?: SamplerChoice;
}

/** Settings of the decoder with every gap filled. */
export type FilledDecoder = FilledStage & Pick<DecoderSettings, "cacheInterval">;

/** Settings of an upsampler with every gap filled. */
export type FilledUpsampler = Pick<FilledStage, "steps" | "sampler">;

/** A request with every gap filled and every value checked. */
export interface FilledRequest {
  readonly n: number;
  /** A number where it is exact, else its digits; absent where the caller gave a random stream. */
  readonly seed?: number | string;
  readonly negative: string | readonly string[];
  /** Where one was asked for. All that it sets stands in the settings of the stages. */
  readonly preset?: PresetName;
  /** Of a model with several sizes, rounded up. */
  readonly width?: number;
  readonly height?: number;
  /** Of a model that noises image embeddings. */
  readonly noiseLevel?: number;
  /** Of a model that sees one: at the pictures' size, as `textFromPicture` writes it. */
  readonly depth?: string;
  readonly decoder: FilledDecoder;
  readonly upsamplers: readonly FilledUpsampler[];
}
