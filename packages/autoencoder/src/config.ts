import { createConfigReader, RANGES, UnclipError, type ConfigReader } from "@unclip/tensor";

/** Sizes of an autoencoder. */
export interface AutoencoderConfig {
  /** "kl" gives each latent a mean and a variance; "vq" is one whose latents can be looked up in a codebook, which unCLIP decoders never do. */
  readonly kind: "kl" | "vq";
  /** Channels of a picture; 3. */
  readonly pixelChannels: number;
  /** Channels of the latents that the denoiser works on. */
  readonly latentChannels: number;
  /** Channels inside, where the latents enter the decoder and leave the encoder. */
  readonly innerChannels: number;
  /** Channels of each level, highest resolution first. */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of a level in the encoder; one more in the decoder. */
  readonly layersPerBlock: number;
  /** Levels with attention in the encoder, highest resolution first. */
  readonly encoderAttention: readonly boolean[];
  /** Levels with attention in the decoder, highest resolution first. */
  readonly decoderAttention: readonly boolean[];
  /** Groups of the group norms. */
  readonly groups: number;
  /** "spatial": the decoder's norms are scaled and shifted by the latents (MoVQ). */
  readonly norm: "group" | "spatial";
  /** What latents are multiplied with after encoding, so that they are about one wide; 1 for "vq". */
  readonly scalingFactor: number;
  /** Pixels of a latent's side: 2 to the number of levels below the first. */
  readonly factor: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the config.json of AutoencoderKL or VQModel.
 * @throws UnclipError "config" for a value that is not supported */
export function readAutoencoderConfig(json: Json, where: string): AutoencoderConfig {
  const read = createConfigReader(json, where);
  read.only("_class_name", "AutoencoderKL", "VQModel");
  const kind = json["_class_name"] === "VQModel" || "num_vq_embeddings" in json ? "vq" : "kl";
  read.only("act_fn", "silu");
  read.only("mid_block_add_attention", true);
  const blockOutChannels = read.wholes("block_out_channels", RANGES.width, RANGES.levels, [64]);
  const levels = blockOutChannels.length;
  const shared = {
    pixelChannels: read.whole("in_channels", RANGES.width, 3),
    blockOutChannels,
    layersPerBlock: read.whole("layers_per_block", RANGES.layers, 1),
    encoderAttention: readBlocks(read, json, "down_block_types", DOWN, levels),
    decoderAttention: readBlocks(read, json, "up_block_types", UP, levels).toReversed(),
    groups: read.whole("norm_num_groups", RANGES.groups, 32),
    factor: 2 ** (levels - 1),
  };
  const outChannels = read.whole("out_channels", RANGES.width, 3);
  if (outChannels !== shared.pixelChannels) {
    throw new UnclipError(
      "config",
      `${where}: in_channels is ${shared.pixelChannels}, out_channels ${outChannels}; expected the same`,
    );
  }
  return { ...shared, ...(kind === "vq" ? readVq(read, where) : readKl(read)) };
}

function readKl(read: ConfigReader) {
  for (const key of ["use_quant_conv", "use_post_quant_conv"]) read.only(key, true);
  for (const key of ["shift_factor", "latents_mean", "latents_std"]) read.only(key);
  const latentChannels = read.whole("latent_channels", RANGES.width, 4);
  const scalingFactor = read.number("scaling_factor", 0.18215, SCALE);
  return { kind: "kl", norm: "group", latentChannels, innerChannels: latentChannels, scalingFactor } as const;
}

/** What makes latents about one wide: published ones are multiplied with 0.13 to 1.5. */
const SCALE = { min: 1e-4, max: 1e4 };

/** The file's scaling factor is not read: the decoders that have such an autoencoder do not scale its latents. */
function readVq(read: ConfigReader, where: string) {
  read.only("lookup_from_codebook", false);
  read.only("norm_type", "group", "spatial");
  const norm = read.string("norm_type", "group") as AutoencoderConfig["norm"];
  const innerChannels = read.whole("latent_channels", RANGES.width, 3);
  const hasOwn = read.optional("vq_embed_dim") !== undefined;
  const latentChannels = hasOwn ? read.whole("vq_embed_dim", RANGES.width) : innerChannels;
  if (norm === "spatial" && latentChannels !== innerChannels) {
    const sizes = `vq_embed_dim is ${latentChannels}, latent_channels ${innerChannels}`;
    throw new UnclipError("config", `${where}: ${sizes}; with norm_type "spatial" they must agree`);
  }
  return { kind: "vq", norm, latentChannels, innerChannels, scalingFactor: 1 } as const;
}

const DOWN = { plain: "DownEncoderBlock2D", attention: "AttnDownEncoderBlock2D" };
const UP = { plain: "UpDecoderBlock2D", attention: "AttnUpDecoderBlock2D" };

/** Which blocks of a list attend, in its order. */
function readBlocks(
  read: ConfigReader,
  json: Json,
  key: string,
  types: { plain: string; attention: string },
  levels: number,
): readonly boolean[] {
  const given = read.strings(key, [types.plain]);
  const attends = Array.from({ length: levels }, (_, level) => given[level] === types.attention);
  const expected = attends.map((attention) => (attention ? types.attention : types.plain));
  if (key in json || levels !== 1) read.exactly(key, expected);
  return attends;
}
