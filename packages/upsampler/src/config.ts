import { createConfigReader, RANGES } from "@unclip/tensor";

/** Sizes of an upsampler's U-Net. */
export interface UpsamplerConfig {
  /** Height and width of the enlarged picture. */
  readonly sampleSize: number;
  /** The noisy picture's channels and those of the small picture, enlarged, that conditions it. */
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly timeScaleShift: "default" | "scale_shift";
  readonly groups: number;
  readonly epsilon: number;
}

/** Reads config.json of class UNet2DModel in Karlo's arrangement: convolutions only.
 * @throws UnclipError "config" for a value that is not supported */
export function readUpsamplerConfig(json: Readonly<Record<string, unknown>>, where: string): UpsamplerConfig {
  const read = createConfigReader(json, where);
  read.only("_class_name", "UNet2DModel");
  read.exactly("add_attention", false);
  read.exactly("in_channels", 6);
  read.exactly("out_channels", 3);
  for (const [key, supported] of Object.entries(FIXED)) read.only(key, supported);
  for (const key of ["class_embed_type", "num_class_embeds", "attn_norm_num_groups", "num_train_timesteps"])
    read.only(key);
  const blockOutChannels = read.wholes("block_out_channels", RANGES.width, RANGES.levels);
  read.exactly(
    "down_block_types",
    blockOutChannels.map(() => "ResnetDownsampleBlock2D"),
  );
  read.exactly(
    "up_block_types",
    blockOutChannels.map(() => "ResnetUpsampleBlock2D"),
  );
  read.only("resnet_time_scale_shift", "default", "scale_shift");
  return {
    sampleSize: read.whole("sample_size", RANGES.pixels),
    inChannels: read.whole("in_channels", RANGES.width),
    outChannels: read.whole("out_channels", RANGES.width),
    blockOutChannels,
    layersPerBlock: read.whole("layers_per_block", RANGES.layers, 2),
    timeScaleShift: read.string("resnet_time_scale_shift", "default") as UpsamplerConfig["timeScaleShift"],
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
  time_embedding_type: "positional",
  mid_block_scale_factor: 1,
};
