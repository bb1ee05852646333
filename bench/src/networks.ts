import { clipTextNetwork, clipVisionNetwork, readClipTextConfig, readClipVisionConfig } from "@unclip/clip";
import { autoencoderDecoderNetwork, autoencoderEncoderNetwork, readAutoencoderConfig } from "@unclip/autoencoder";
import {
  karloUnet,
  noiseAugmentationNetwork,
  readImageNormalizerConfig,
  readKarloDecoderConfig,
  readStableUnclipConfig,
  readTextProjectionConfig,
  stableUnclipNetwork,
  textProjectionNetwork,
} from "@unclip/decoder";
import type { Checkpoint, Graph } from "@unclip/graph";
import { priorNetwork, readPriorConfig } from "@unclip/prior";
import { readUpsamplerConfig, upsamplerNetwork } from "@unclip/upsampler";

type Json = Readonly<Record<string, unknown>>;

/** Builds the network of one component, at the size of the model's own pictures. */
export type BuildNetwork = (config: Json, checkpoint: Checkpoint) => Graph;

/** Tokens of a caption. */
export const TEXT_LENGTH = 77;
/** Tokens that the decoder attends to: those of the image embedding, then the caption's. */
export const CONTEXT_LENGTH = 4 + TEXT_LENGTH;

const upsampler: BuildNetwork = (config, checkpoint) =>
  upsamplerNetwork(readUpsamplerConfig(config, "super_res"), checkpoint);

/** Height and width of the latents of an autoencoder's own pictures. */
export function latentSide({ sample_size: pixels }: Json, { factor }: { readonly factor: number }): number {
  return Math.max(1, Math.round((pixels as number) / factor));
}

/** The network of each component that has weights, by the name of its folder. */
export const NETWORKS: Readonly<Record<string, BuildNetwork>> = {
  text_encoder: (config, checkpoint) => clipTextNetwork(readClipTextConfig(config, "text_encoder"), checkpoint),
  image_encoder: (config, checkpoint) => clipVisionNetwork(readClipVisionConfig(config, "image_encoder"), checkpoint),
  prior: (config, checkpoint) => priorNetwork(readPriorConfig(config, "prior"), checkpoint),
  text_proj: (config, checkpoint) => {
    const sizes = readTextProjectionConfig(config, "text_proj");
    return textProjectionNetwork(sizes, { length: TEXT_LENGTH, width: sizes.embeddingWidth }, checkpoint);
  },
  decoder: (config, checkpoint) => karloUnet(readKarloDecoderConfig(config, "decoder"), CONTEXT_LENGTH, checkpoint),
  super_res_first: upsampler,
  super_res_last: upsampler,
  image_normalizer: (config, checkpoint) =>
    noiseAugmentationNetwork(readImageNormalizerConfig(config, "image_normalizer"), checkpoint),
  unet(json, checkpoint) {
    const config = readStableUnclipConfig(json, "unet");
    const { sampleSize: side } = config;
    return stableUnclipNetwork(config, { height: side, width: side, textLength: TEXT_LENGTH }, checkpoint);
  },
  /** Its decoder; the encoder is built too, so that its weights are planned. */
  vae(json, checkpoint) {
    const config = readAutoencoderConfig(json, "vae");
    const side = latentSide(json, config);
    autoencoderEncoderNetwork(config, { height: side * config.factor, width: side * config.factor }, checkpoint);
    return autoencoderDecoderNetwork(config, { height: side, width: side }, checkpoint);
  },
};
