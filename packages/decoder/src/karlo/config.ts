import { createConfigReader, RANGES } from "@unclip/tensor";
import { ADDED_ATTENTION_BLOCKS, readUnetConfig, type UnetConfig } from "../unet-config.js";

/** Sizes of a UnCLIPTextProjModel. */
export interface TextProjectionConfig {
  /** Tokens that the image embedding becomes; 4 in the paper. */
  readonly extraTokens: number;
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  /** E, width of the decoder's time embedding. */
  readonly timeWidth: number;
  /** W, width of the tokens that the decoder attends to. */
  readonly contextWidth: number;
}

/** Sizes of the decoder's U-Net, which denoises pixels. */
export interface KarloDecoderConfig extends UnetConfig {
  readonly headWidth: number;
}

/** Reads text_proj/config.json of class UnCLIPTextProjModel.
 * @throws UnclipError "config" for a value that is not supported */
export function readTextProjectionConfig(json: Readonly<Record<string, unknown>>, where: string): TextProjectionConfig {
  const read = createConfigReader(json, where);
  read.only("_class_name", "UnCLIPTextProjModel");
  return {
    extraTokens: read.whole("clip_extra_context_tokens", RANGES.tokens, 4),
    embeddingWidth: read.whole("clip_embeddings_dim", RANGES.width, 768),
    timeWidth: read.whole("time_embed_dim", RANGES.width),
    contextWidth: read.whole("cross_attention_dim", RANGES.width),
  };
}

/** Height and width of a picture whose levels have attention, which takes memory with the fourth power of it; Karlo's is 64. */
const PIXELS = { max: 256 };

/** Fields for conditions that Karlo's decoder does not have. */
const ABSENT = [
  "addition_embed_type",
  "encoder_hid_dim",
  "encoder_hid_dim_type",
  "projection_class_embeddings_input_dim",
];

/** Reads decoder/config.json of class UNet2DConditionModel in Karlo's arrangement.
 * @throws UnclipError "config" for a value that is not supported */
export function readKarloDecoderConfig(json: Readonly<Record<string, unknown>>, where: string): KarloDecoderConfig {
  const read = createConfigReader(json, where);
  const unet = readUnetConfig(read, ADDED_ATTENTION_BLOCKS);
  read.exactly("class_embed_type", "identity");
  read.exactly("in_channels", 3);
  read.only("out_channels", 3, 6);
  for (const key of ABSENT) read.only(key);
  return {
    ...unet,
    sampleSize: read.whole("sample_size", PIXELS),
    headWidth: read.whole("attention_head_dim", RANGES.width, 8),
  };
}
