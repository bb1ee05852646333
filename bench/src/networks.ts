import { clipTextNetwork, clipVisionNetwork, readClipTextConfig, readClipVisionConfig } from "@unclip/clip";
import { karloUnet, readKarloDecoderConfig, readTextProjectionConfig, textProjectionNetwork } from "@unclip/decoder";
import type { Checkpoint, Graph } from "@unclip/graph";
import { priorNetwork, readPriorConfig } from "@unclip/prior";
import { readUpsamplerConfig, upsamplerNetwork } from "@unclip/upsampler";

type Json = Readonly<Record<string, unknown>>;

/** Builds the network of one component of a Karlo-shaped model. */
export type BuildNetwork = (config: Json, checkpoint: Checkpoint) => Graph;

/** Tokens of a caption. */
export const TEXT_LENGTH = 77;
/** Tokens that the decoder attends to: those of the image embedding, then the caption's. */
export const CONTEXT_LENGTH = 4 + TEXT_LENGTH;

const upsampler: BuildNetwork = (config, checkpoint) =>
  upsamplerNetwork(readUpsamplerConfig(config, "super_res"), checkpoint);

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
};
