import { RANGES, type ConfigReader } from "@unclip/tensor";

/** Sizes that the U-Nets of all decoders have. */
export interface UnetConfig {
  /** Height and width of the picture, or of its latents, that the network was trained on. */
  readonly sampleSize: number;
  /** Channels of what it denoises and of whatever stands beside it. */
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  /** Levels with attention, highest resolution first. */
  readonly attentionLevels: readonly boolean[];
  /** W, width of the tokens that attention reads. */
  readonly contextWidth: number;
  readonly timeScaleShift: "default" | "scale_shift";
  readonly groups: number;
  readonly epsilon: number;
}

/** Names of the blocks of a U-Net's levels, with and without attention. */
export interface BlockTypes {
  readonly down: { readonly plain: string; readonly attention: string };
  readonly mid: string;
  readonly up: { readonly plain: string; readonly attention: string };
}

/** The blocks of Karlo and Kandinsky: residual blocks resample, attention reads the condition and the picture at once. */
export const ADDED_ATTENTION_BLOCKS: BlockTypes = {
  down: { plain: "ResnetDownsampleBlock2D", attention: "SimpleCrossAttnDownBlock2D" },
  mid: "UNetMidBlock2DSimpleCrossAttn",
  up: { plain: "ResnetUpsampleBlock2D", attention: "SimpleCrossAttnUpBlock2D" },
};

/** Reads what the config.json of every UNet2DConditionModel holds.
 * @throws UnclipError "config" for a value that is not supported */
export function readUnetConfig(read: ConfigReader, { down, mid, up }: BlockTypes): UnetConfig {
  read.only("_class_name", "UNet2DConditionModel");
  read.exactly("mid_block_type", mid);
  for (const [key, supported] of Object.entries(FIXED)) read.only(key, supported);
  for (const key of ABSENT) read.only(key);
  const blockOutChannels = read.wholes("block_out_channels", RANGES.width, RANGES.levels);
  const types = read.strings("down_block_types");
  const attentionLevels = blockOutChannels.map((_, level) => types[level] === down.attention);
  const named = (levels: readonly boolean[], { plain, attention }: BlockTypes["down"]) =>
    levels.map((attends) => (attends ? attention : plain));
  read.exactly("down_block_types", named(attentionLevels, down));
  read.exactly("up_block_types", named(attentionLevels.toReversed(), up));
  read.only("resnet_time_scale_shift", "default", "scale_shift");
  return {
    sampleSize: read.whole("sample_size", SIZE),
    inChannels: read.whole("in_channels", RANGES.width, 4),
    outChannels: read.whole("out_channels", RANGES.width, 4),
    blockOutChannels,
    layersPerBlock: read.whole("layers_per_block", RANGES.layers, 2),
    attentionLevels,
    contextWidth: read.whole("cross_attention_dim", RANGES.width, 1280),
    timeScaleShift: read.string("resnet_time_scale_shift", "default") as UnetConfig["timeScaleShift"],
    groups: read.whole("norm_num_groups", RANGES.groups, 32),
    epsilon: read.number("norm_eps", 1e-5, RANGES.epsilon),
  };
}

/** Height and width: attention takes memory with the fourth power of it. Latents of 2048 pixels have 256. */
const SIZE = { max: 512 };

/** Fields that must have the one value these networks are built for. */
const FIXED: Readonly<Record<string, unknown>> = {
  act_fn: "silu",
  flip_sin_to_cos: true,
  freq_shift: 0,
  center_input_sample: false,
  only_cross_attention: false,
  dual_cross_attention: false,
  downsample_padding: 1,
  time_embedding_type: "positional",
  conv_in_kernel: 3,
  conv_out_kernel: 3,
  mid_block_scale_factor: 1,
  resnet_skip_time_act: false,
  resnet_out_scale_factor: 1,
  class_embeddings_concat: false,
  attention_type: "default",
};

/** Fields that switch on conditions or layers that unCLIP decoders do not have. */
const ABSENT = [
  "addition_time_embed_dim",
  "num_class_embeds",
  "num_attention_heads",
  "time_embedding_dim",
  "time_embedding_act_fn",
  "time_cond_proj_dim",
  "timestep_post_act",
  "cross_attention_norm",
  "mid_block_only_cross_attention",
  "reverse_transformer_layers_per_block",
];
