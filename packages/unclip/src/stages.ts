import type { ImageEncoder, TextEncoder } from "@unclip/clip";
import type { Decoder, DecoderCondition, DecoderSpace, KandinskyBeside } from "@unclip/decoder";
import type { AutoregressivePrior, DiffusionPrior } from "@unclip/prior";
import type { Random, Tensor } from "@unclip/tensor";
import type { Upsampler } from "@unclip/upsampler";

/** The stages of a loaded model, for pipelines of your own. */
export interface Stages {
  /** CLIP's text tower: the prior reads its features, and its embeddings lie beside those of pictures. Absent where the folder has none. */
  readonly textEncoder?: TextEncoder;
  /** Absent where the folder has none: it is not needed to paint captions. */
  readonly imageEncoder?: ImageEncoder;
  /** Absent where the folder has none. */
  readonly prior?: DiffusionPrior;
  /** What becomes of negative captions: the prior is guided away from them like the decoder ("caption", the default); it never is
   * ("empty"); or it makes image embeddings of them too, which the decoder is led away from ("embedding"). */
  readonly priorNegative?: "caption" | "empty" | "embedding";
  /** Absent where the folder has none: no published checkpoint has one. */
  readonly autoregressivePrior?: AutoregressivePrior;
  /** In the size that the request asks for, where a model has several. */
  readonly decoder: Decoder;
  /** What the decoder's network sees beside what it denoises; absent where there is nothing. */
  readonly beside?: Beside;
  /** How the decoder begins from pictures, where the reference's pipelines say how. */
  readonly pictureStart?: PictureStart;
  /** In the order in which they run. */
  readonly upsamplers: readonly Upsampler[];
  /** What the decoder is conditioned on for some pictures, and what guidance leads away from. */
  conditions(subject: Subject): Promise<Conditions>;
}

/** What a decoder's network sees beside what it denoises. */
interface Beside {
  /** "mask": a picture, an area of which is painted anew. "depth": a depth picture. */
  readonly kind: "mask" | "depth";
  /** The decoder that sees it. */
  at(space: DecoderSpace, beside: KandinskyBeside): Decoder;
}

/** How the reference begins from pictures. */
export interface PictureStart {
  /** The strength where none is asked for. */
  readonly strength: number;
  /** ᾱ to which a picture is noised for a strength; default that of the first timestep that is left. */
  alphaBar?(strength: number): number;
  /** What of a mask is painted anew.
   * @param whites at least 0.5 where the mask is white, [1, 1, H, W] of the pictures' size
   * @returns 1 or 0, [1, 1, h, w] of x_0's size */
  painted(whites: Tensor): Tensor;
  /** Whether the kept area replaces what a network that sees it has painted there, after every step. */
  readonly pastes: boolean;
}

/** What N pictures shall show: image embeddings, captions, or both. */
export interface Subject {
  /** CLIP image embeddings z_i, [N, D], as the image encoder or the prior gives them; absent where the captions alone condition the decoder. */
  readonly imageEmbedding?: Tensor;
  /** Captions, each of N / captions pictures in a row; absent where the image embedding alone conditions the decoder. */
  readonly captions?: readonly string[];
  /** N. */
  readonly pictures: number;
  /** The captions that guidance leads away from, one for all or one for each caption; "" for none. */
  readonly negatives: readonly string[];
  /** The image embeddings of the negative captions, [1 or N, D], where the prior made them. */
  readonly negativeEmbedding?: Tensor;
  /** How much noise image embeddings are given, of a model that does so. */
  readonly noiseLevel?: number;
  /** Source of that noise. */
  readonly random: Random;
}

/** Both conditions of a guided decoder. */
export interface Conditions {
  readonly condition: DecoderCondition;
  readonly negative: DecoderCondition;
  /** What of the captions was not read, in sentences. */
  readonly warnings?: readonly string[];
}
