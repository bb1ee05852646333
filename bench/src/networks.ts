import {
  clipTextNetwork,
  clipVisionNetwork,
  multilingualNetwork,
  readClipTextConfig,
  readClipVisionConfig,
  readMultilingualConfig,
} from "@unclip/clip";
import { autoencoderDecoderNetwork, autoencoderEncoderNetwork, readAutoencoderConfig } from "@unclip/autoencoder";
import {
  kandinskyNetwork,
  karloUnet,
  noiseAugmentationNetwork,
  readImageNormalizerConfig,
  readKandinskyConfig,
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

const upsampler: BuildNetwork = (config, checkpoint) =>
  upsamplerNetwork(readUpsamplerConfig(config, "super_res"), checkpoint);

/** Height and width of the latents of an autoencoder's own pictures. */
export function latentSide({ sample_size: pixels }: Json, { factor }: { readonly factor: number }): number {
  return Math.max(1, Math.round((pixels as number) / factor));
}

const clipText: BuildNetwork = (config, checkpoint) =>
  clipTextNetwork(readClipTextConfig(config, checkpoint.name), checkpoint);
const clipVision: BuildNetwork = (config, checkpoint) =>
  clipVisionNetwork(readClipVisionConfig(config, checkpoint.name), checkpoint);
/** Kandinsky 2.1's own text encoder; its pooler is asked for too, so that its weights are planned. */
const multilingual: BuildNetwork = (json, checkpoint) => {
  const config = readMultilingualConfig(json, checkpoint.name);
  checkpoint.plan?.("transformer.pooler.dense.weight", [config.width, config.width]);
  checkpoint.plan?.("transformer.pooler.dense.bias", [config.width]);
  return multilingualNetwork(config, TEXT_LENGTH, checkpoint);
};
const prior: BuildNetwork = (config, checkpoint) => priorNetwork(readPriorConfig(config, checkpoint.name), checkpoint);

/** The network of each component that has weights, by the name of its folder. */
export const NETWORKS: Readonly<Record<string, BuildNetwork>> = {
  text_encoder: (config, checkpoint) =>
    (config["model_type"] === "M-CLIP" ? multilingual : clipText)(config, checkpoint),
  image_encoder: clipVision,
  prior,
  prior_text_encoder: clipText,
  prior_image_encoder: clipVision,
  prior_prior: prior,
  text_proj: (config, checkpoint) => {
    const sizes = readTextProjectionConfig(config, "text_proj");
    return textProjectionNetwork(sizes, sizes.embeddingWidth, checkpoint);
  },
  decoder: (config, checkpoint) => karloUnet(readKarloDecoderConfig(config, "decoder"), checkpoint),
  super_res_first: upsampler,
  super_res_last: upsampler,
  image_normalizer: (config, checkpoint) =>
    noiseAugmentationNetwork(readImageNormalizerConfig(config, "image_normalizer"), checkpoint),
  unet(json, checkpoint) {
    if (isKandinsky(json)) {
      const config = readKandinskyConfig(json, "unet");
      const { sampleSize: side } = config;
      return kandinskyNetwork(config, { height: side, width: side, textLength: TEXT_LENGTH }, checkpoint);
    }
    const config = readStableUnclipConfig(json, "unet");
    const { sampleSize: side } = config;
    return stableUnclipNetwork(config, { height: side, width: side, textLength: TEXT_LENGTH }, checkpoint);
  },
  /** Its decoder; the encoder is built and the codebook asked for too, so that their weights are planned. */
  movq(json, checkpoint) {
    const config = readAutoencoderConfig(json, "movq");
    const side = latentSide(json, config);
    autoencoderEncoderNetwork(config, { height: side * config.factor, width: side * config.factor }, checkpoint);
    checkpoint.plan?.("quantize.embedding.weight", [json["num_vq_embeddings"] as number, config.latentChannels]);
    return autoencoderDecoderNetwork(config, { height: side, width: side }, checkpoint);
  },
  /** Its decoder; the encoder is built too, so that its weights are planned. */
  vae(json, checkpoint) {
    const config = readAutoencoderConfig(json, "vae");
    const side = latentSide(json, config);
    autoencoderEncoderNetwork(config, { height: side * config.factor, width: side * config.factor }, checkpoint);
    return autoencoderDecoderNetwork(config, { height: side, width: side }, checkpoint);
  },
};

/** Whether the config of a U-Net is Kandinsky's. */
function isKandinsky(json: Json): boolean {
  return String(json["encoder_hid_dim_type"]).endsWith("image_proj");
}
