import { createConfigReader, RANGES } from "@unclip/tensor";

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

/** Sizes of the decoder's U-Net. */
export interface KarloDecoderConfig {
  /** Height and width of the picture. */
  readonly sampleSize: number;
  readonly inChannels: number;
  /** Twice inChannels where the network has learned its variance. */
  readonly outChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** Levels with attention, highest resolution first. */
  readonly attentionLevels: readonly boolean[];
  readonly headWidth: number;
  readonly contextWidth: number;
  readonly timeScaleShift: "default" | "scale_shift";
  readonly groups: number;
  readonly epsilon: number;
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

const DOWN = { plain: "ResnetDownsampleBlock2D", attention: "SimpleCrossAttnDownBlock2D" };
const UP = { plain: "ResnetUpsampleBlock2D", attention: "SimpleCrossAttnUpBlock2D" };

/** Reads decoder/config.json of class UNet2DConditionModel in Karlo's arrangement.
 * @throws UnclipError "config" for a value that is not supported */
export function readKarloDecoderConfig(json: Readonly<Record<string, unknown>>, where: string): KarloDecoderConfig {
  const read = createConfigReader(json, where);
  read.only("_class_name", "UNet2DConditionModel");
  read.exactly("mid_block_type", "UNetMidBlock2DSimpleCrossAttn");
  read.exactly("class_embed_type", "identity");
  read.exactly("in_channels", 3);
  read.only("out_channels", 3, 6);
  for (const [key, supported] of Object.entries(FIXED)) read.only(key, supported);
  for (const key of ABSENT) read.only(key);
  const blockOutChannels = read.wholes("block_out_channels", RANGES.width, RANGES.levels);
  const attentionLevels = read.strings("down_block_types").map((type) => type === DOWN.attention);
  const levels = blockOutChannels.map((_, level) => attentionLevels[level] ?? false);
  read.exactly(
    "down_block_types",
    levels.map((attends) => (attends ? DOWN.attention : DOWN.plain)),
  );
  read.exactly(
    "up_block_types",
    levels.toReversed().map((attends) => (attends ? UP.attention : UP.plain)),
  );
  const timeScaleShift = read.string("resnet_time_scale_shift", "default");
  read.only("resnet_time_scale_shift", "default", "scale_shift");
  return {
    sampleSize: read.whole("sample_size", PIXELS),
    inChannels: read.whole("in_channels", RANGES.width, 4),
    outChannels: read.whole("out_channels", RANGES.width, 4),
    blockOutChannels,
    layersPerBlock: read.whole("layers_per_block", RANGES.layers, 2),
    attentionLevels,
    headWidth: read.whole("attention_head_dim", RANGES.width, 8),
    contextWidth: read.whole("cross_attention_dim", RANGES.width, 1280),
    timeScaleShift: timeScaleShift as KarloDecoderConfig["timeScaleShift"],
    groups: read.whole("norm_num_groups", RANGES.groups, 32),
    epsilon: read.number("norm_eps", 1e-5, RANGES.epsilon),
  };
}

/** Fields that must have the one value this network is built for. */
const FIXED: Readonly<Record<string, unknown>> = {
  act_fn: "silu",
  flip_sin_to_cos: true,
  freq_shift: 0,
  center_input_sample: false,
  only_cross_attention: false,
  dual_cross_attention: false,
  time_embedding_type: "positional",
  conv_in_kernel: 3,
  conv_out_kernel: 3,
  mid_block_scale_factor: 1,
  resnet_skip_time_act: false,
  resnet_out_scale_factor: 1,
  class_embeddings_concat: false,
};

/** Fields that switch on conditions or layers that unCLIP decoders do not have. */
const ABSENT = [
  "addition_embed_type",
  "addition_time_embed_dim",
  "encoder_hid_dim",
  "encoder_hid_dim_type",
  "num_class_embeds",
  "num_attention_heads",
  "time_embedding_dim",
  "time_embedding_act_fn",
  "time_cond_proj_dim",
  "timestep_post_act",
  "projection_class_embeddings_input_dim",
  "cross_attention_norm",
  "mid_block_only_cross_attention",
  "reverse_transformer_layers_per_block",
];
