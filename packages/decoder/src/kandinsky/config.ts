import { createConfigReader, RANGES, UnclipError, type ConfigReader } from "@unclip/tensor";
import { ADDED_ATTENTION_BLOCKS, readUnetConfig, type UnetConfig } from "../unet-config.js";

/** Sizes of the U-Net of Kandinsky 2.1 or 2.2, which denoises latents. */
export interface KandinskyConfig extends UnetConfig {
  /** "2.2" sees image embeddings only; "2.1" also captions, through a text encoder of its own. */
  readonly version: "2.1" | "2.2";
  /** Channels of the latents: half of what the network gives out, which is also the variance. */
  readonly latentChannels: number;
  /** What stands beside the latents: nothing, the picture around a mask and the mask, or a depth picture made into four channels. */
  readonly beside: "nothing" | "mask" | "depth";
  readonly headWidth: number;
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  /** How many tokens the image embedding becomes. */
  readonly imageTokens: number;
  /** Width of the states of 2.1's text encoder. */
  readonly textWidth: number | undefined;
}

/** Tokens of the image embedding, which the reference fixes by version. */
const IMAGE_TOKENS = { "2.1": 10, "2.2": 32 };

/** Reads unet/config.json of class UNet2DConditionModel in Kandinsky's arrangement.
 * @throws UnclipError "config" for a value that is not supported */
export function readKandinskyConfig(json: Readonly<Record<string, unknown>>, where: string): KandinskyConfig {
  const read = createConfigReader(json, where);
  const unet = readUnetConfig(read, ADDED_ATTENTION_BLOCKS);
  for (const key of ["class_embed_type", "projection_class_embeddings_input_dim"]) read.only(key);
  const version = readVersion(read);
  const { inChannels, outChannels, contextWidth } = unet;
  const latentChannels = outChannels / 2;
  const isDepth = read.string("addition_embed_type") === "image_hint";
  const expected = isDepth ? [2 * latentChannels] : [latentChannels, 2 * latentChannels + 1];
  if (!expected.includes(inChannels)) {
    const wanted = expected.join(" or ");
    throw new UnclipError(
      "config",
      `${where}: in_channels ${inChannels} is not supported; expected ${wanted}, since out_channels is ${outChannels}`,
    );
  }
  const hiddenWidth = read.whole("encoder_hid_dim", RANGES.width);
  return {
    ...unet,
    version,
    latentChannels,
    beside: isDepth ? "depth" : inChannels === latentChannels ? "nothing" : "mask",
    headWidth: read.whole("attention_head_dim", RANGES.width, 8),
    embeddingWidth: version === "2.2" ? hiddenWidth : contextWidth,
    imageTokens: IMAGE_TOKENS[version],
    textWidth: version === "2.1" ? hiddenWidth : undefined,
  };
}

function readVersion(read: ConfigReader): KandinskyConfig["version"] {
  read.only("encoder_hid_dim_type", "text_image_proj", "image_proj");
  if (read.string("encoder_hid_dim_type") === "text_image_proj") {
    read.exactly("addition_embed_type", "text_image");
    return "2.1";
  }
  read.only("addition_embed_type", "image", "image_hint");
  return "2.2";
}
