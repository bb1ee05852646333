import { createConfigReader, RANGES, UnclipError } from "@unclip/tensor";
import { readUnetConfig, type UnetConfig } from "../unet-config.js";

/** Sizes of the U-Net of Stable unCLIP, which denoises latents. */
export interface StableUnclipConfig extends UnetConfig {
  /** Heads of the attention blocks of each level, highest resolution first. */
  readonly heads: readonly number[];
  /** Transformer layers of each attention block. */
  readonly transformerLayers: number;
  /** Width of the image condition: twice that of the CLIP embedding. */
  readonly imageConditionWidth: number;
}

const BLOCKS = {
  down: { plain: "DownBlock2D", attention: "CrossAttnDownBlock2D" },
  mid: "UNetMidBlock2DCrossAttn",
  up: { plain: "UpBlock2D", attention: "CrossAttnUpBlock2D" },
};

/** Fields for conditions that Stable unCLIP does not have. */
const ABSENT = ["addition_embed_type", "encoder_hid_dim", "encoder_hid_dim_type"];

/** Reads unet/config.json of class UNet2DConditionModel in Stable unCLIP's arrangement.
 * @throws UnclipError "config" for a value that is not supported */
export function readStableUnclipConfig(json: Readonly<Record<string, unknown>>, where: string): StableUnclipConfig {
  const read = createConfigReader(json, where);
  const unet = readUnetConfig(read, BLOCKS);
  for (const key of ABSENT) read.only(key);
  read.exactly("class_embed_type", "projection");
  read.exactly("use_linear_projection", true);
  if (unet.outChannels !== unet.inChannels) {
    const got = `in_channels is ${unet.inChannels}, out_channels ${unet.outChannels}`;
    throw new UnclipError("config", `${where}: ${got}; expected the same`);
  }
  const levels = unet.blockOutChannels.length;
  // the reference reads this field as a count of heads
  const perLevel = Array.isArray(json["attention_head_dim"]);
  const heads = perLevel
    ? read.wholes("attention_head_dim", RANGES.heads, RANGES.levels)
    : Array<number>(levels).fill(read.whole("attention_head_dim", RANGES.heads, 8));
  if (heads.length !== levels) {
    const expected = `expected ${levels} numbers, one for each of block_out_channels`;
    throw new UnclipError("config", `${where}: attention_head_dim: ${expected}, got ${heads.length}`);
  }
  return {
    ...unet,
    heads,
    transformerLayers: read.whole("transformer_layers_per_block", RANGES.layers, 1),
    imageConditionWidth: read.whole("projection_class_embeddings_input_dim", RANGES.width),
  };
}
