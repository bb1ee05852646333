import { autoencoderDecoderNetwork, autoencoderEncoderNetwork, readAutoencoderConfig } from "@unclip/autoencoder";
import { expect, it } from "vitest";
import { countingCheckpoint } from "../../../test-support/index.js";

/* The networks of the published configs ask for as many numbers as diffusers' classes hold, the unused codebook apart. */

const repeated = (count: number, type: string) => Array<string>(count).fill(type);
const SHARED = { layers_per_block: 2, latent_channels: 4 };
const KL = {
  ...SHARED,
  _class_name: "AutoencoderKL",
  block_out_channels: [128, 256, 512, 512],
  down_block_types: repeated(4, "DownEncoderBlock2D"),
  up_block_types: repeated(4, "UpDecoderBlock2D"),
};
const MOVQ = {
  ...SHARED,
  _class_name: "VQModel",
  block_out_channels: [128, 256, 256, 512],
  down_block_types: [...repeated(3, "DownEncoderBlock2D"), "AttnDownEncoderBlock2D"],
  up_block_types: ["AttnUpDecoderBlock2D", ...repeated(3, "UpDecoderBlock2D")],
  num_vq_embeddings: 16384,
  vq_embed_dim: 4,
  norm_type: "spatial",
};

it.each([
  ["AutoencoderKL of Stable Diffusion 2", KL, 83_653_863],
  ["MoVQ of Kandinsky", MOVQ, 67_832_495 - 16384 * 4],
])("%s", (_, json, parameters) => {
  const config = readAutoencoderConfig(json, "config.json");
  const { checkpoint, parameters: count } = countingCheckpoint();
  autoencoderEncoderNetwork(config, { height: 512, width: 768 }, checkpoint);
  autoencoderDecoderNetwork(config, { height: 64, width: 96 }, checkpoint);
  expect(count()).toBe(parameters);
});
