import { readAutoencoderConfig } from "@unclip/autoencoder";
import { expect, it } from "vitest";

const KL = {
  _class_name: "AutoencoderKL",
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill("DownEncoderBlock2D"),
  up_block_types: Array(4).fill("UpDecoderBlock2D"),
  layers_per_block: 2,
  latent_channels: 4,
};
const VQ = {
  _class_name: "VQModel",
  block_out_channels: [128, 256, 256, 512],
  down_block_types: [...(Array(3).fill("DownEncoderBlock2D") as string[]), "AttnDownEncoderBlock2D"],
  up_block_types: ["AttnUpDecoderBlock2D", ...(Array(3).fill("UpDecoderBlock2D") as string[])],
  layers_per_block: 2,
  latent_channels: 4,
  vq_embed_dim: 4,
  norm_type: "spatial",
  scaling_factor: 0.18215,
};

it("reads the KL autoencoder of Stable unCLIP", () => {
  expect(readAutoencoderConfig(KL, "vae/config.json")).toMatchObject({
    kind: "kl",
    latentChannels: 4,
    factor: 8,
    scalingFactor: 0.18215,
    norm: "group",
    encoderAttention: [false, false, false, false],
  });
});

it("reads the MoVQ of Kandinsky, whose decoders do not scale latents", () => {
  expect(readAutoencoderConfig(VQ, "movq/config.json")).toMatchObject({
    kind: "vq",
    innerChannels: 4,
    scalingFactor: 1,
    norm: "spatial",
    encoderAttention: [false, false, false, true],
    decoderAttention: [false, false, false, true],
  });
});

it.each([
  [{ ...KL, act_fn: "relu" }, 'act_fn "relu" is not supported; expected "silu"'],
  [{ ...KL, use_quant_conv: false }, "use_quant_conv false is not supported; expected true"],
  [{ ...KL, shift_factor: 0.1 }, "shift_factor 0.1 is not supported; expected nothing"],
  [{ ...VQ, norm_type: "layer" }, 'norm_type "layer" is not supported; expected "group" or "spatial"'],
  [{ ...VQ, vq_embed_dim: 8 }, 'vq_embed_dim is 8, latent_channels 4; with norm_type "spatial" they must agree'],
  [{ ...KL, _class_name: "AutoencoderTiny" }, '_class_name "AutoencoderTiny" is not supported'],
  [{ ...KL, out_channels: 4 }, "in_channels is 3, out_channels 4; expected the same"],
  [
    { ...KL, block_out_channels: [8, 8], down_block_types: ["DownEncoderBlock2D", "UpBlock2D"] },
    'down_block_types ["DownEncoderBlock2D","UpBlock2D"] is not supported',
  ],
])("refuses what is not built: %#", (json, message) => {
  expect(() => readAutoencoderConfig(json, "vae/config.json")).toThrow(`vae/config.json: ${message}`);
});

it.each([
  ["in_channels", 1e9, "an integer from 1 to 131072, got 1000000000"],
  ["out_channels", 0, "an integer from 1 to 131072, got 0"],
  ["latent_channels", 1.5, "an integer from 1 to 131072, got 1.5"],
  ["layers_per_block", 1e6, "an integer from 1 to 1000, got 1000000"],
  ["norm_num_groups", 0, "an integer from 1 to 1024, got 0"],
  ["block_out_channels", [128, 1e9], "1 to 8 integers from 1 to 131072, got [128,1000000000]"],
  ["block_out_channels", [], "1 to 8 integers from 1 to 131072, got []"],
])("refuses the %s %j of either kind", (key, value, message) => {
  for (const json of [KL, VQ]) {
    expect(() => readAutoencoderConfig({ ...json, [key]: value }, "c")).toThrow(`c: ${key}: expected ${message}`);
  }
});

it("refuses sizes that one kind has", () => {
  const refused = (json: object) => expect(() => readAutoencoderConfig({ ...json }, "c"));
  refused({ ...VQ, vq_embed_dim: -1 }).toThrow("c: vq_embed_dim: expected an integer from 1 to 131072, got -1");
  refused({ ...KL, scaling_factor: 0 }).toThrow("c: scaling_factor: expected a number from 0.0001 to 10000, got 0");
  expect(readAutoencoderConfig({ ...VQ, vq_embed_dim: null }, "c").latentChannels).toBe(4);
});
