import type { ImageEncoder, TextEncoder } from "@unclip/clip";
import type { Decoder, DecoderCondition } from "@unclip/decoder";
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
  /** What the prior is guided away from: the negative caption like the decoder (default), or always the empty one. */
  readonly priorNegative?: "caption" | "empty";
  /** Absent where the folder has none: no published checkpoint has one. */
  readonly autoregressivePrior?: AutoregressivePrior;
  readonly decoder: Decoder;
  /** In the order in which they run. */
  readonly upsamplers: readonly Upsampler[];
  /** What the decoder is conditioned on for some pictures, and what guidance leads away from. */
  conditions(subject: Subject): Promise<Conditions>;
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
