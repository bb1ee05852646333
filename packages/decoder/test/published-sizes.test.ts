import { kandinskyNetwork, readKandinskyConfig, readStableUnclipConfig, stableUnclipNetwork } from "@unclip/decoder";
import { expect, it } from "vitest";
import { countingCheckpoint } from "../../../test-support/index.js";

/* The networks of the published configs ask for as many numbers as diffusers' classes hold. */

const KANDINSKY = {
  _class_name: "UNet2DConditionModel",
  sample_size: 64,
  in_channels: 4,
  out_channels: 8,
  block_out_channels: [384, 768, 1152, 1536],
  layers_per_block: 3,
  down_block_types: ["ResnetDownsampleBlock2D", ...Array<string>(3).fill("SimpleCrossAttnDownBlock2D")],
  mid_block_type: "UNetMidBlock2DSimpleCrossAttn",
  up_block_types: [...Array<string>(3).fill("SimpleCrossAttnUpBlock2D"), "ResnetUpsampleBlock2D"],
  cross_attention_dim: 768,
  attention_head_dim: 64,
  resnet_time_scale_shift: "scale_shift",
};
const V22 = { ...KANDINSKY, encoder_hid_dim: 1280, encoder_hid_dim_type: "image_proj", addition_embed_type: "image" };
const V21 = {
  ...KANDINSKY,
  encoder_hid_dim: 1024,
  encoder_hid_dim_type: "text_image_proj",
  addition_embed_type: "text_image",
};

it.each([
  ["Kandinsky 2.2", V22, 1_253_057_288],
  ["Kandinsky 2.2 inpainting", { ...V22, in_channels: 9 }, 1_253_074_568],
  ["Kandinsky 2.2 depth", { ...V22, in_channels: 8, addition_embed_type: "image_hint" }, 1_253_429_212],
  ["Kandinsky 2.1", V21, 1_228_661_768],
  ["Kandinsky 2.1 inpainting", { ...V21, in_channels: 9 }, 1_228_679_048],
])("%s", (_, json, parameters) => {
  const counting = countingCheckpoint();
  const size = { height: 64, width: 96 };
  const graph = kandinskyNetwork(readKandinskyConfig(json, "unet/config.json"), size, counting.checkpoint);
  expect(counting.parameters()).toBe(parameters);
  expect(graph.weightBytes).toBe(4 * parameters);
});

const STABLE_UNCLIP = {
  _class_name: "UNet2DConditionModel",
  sample_size: 96,
  in_channels: 4,
  out_channels: 4,
  block_out_channels: [320, 640, 1280, 1280],
  layers_per_block: 2,
  down_block_types: [...Array<string>(3).fill("CrossAttnDownBlock2D"), "DownBlock2D"],
  mid_block_type: "UNetMidBlock2DCrossAttn",
  up_block_types: ["UpBlock2D", ...Array<string>(3).fill("CrossAttnUpBlock2D")],
  cross_attention_dim: 1024,
  attention_head_dim: [5, 10, 20, 20],
  use_linear_projection: true,
  class_embed_type: "projection",
};

it.each([
  ["Stable unCLIP H", 2048, 870_173_124],
  ["Stable unCLIP L", 1536, 869_517_764],
])("%s", (_, width, parameters) => {
  const counting = countingCheckpoint();
  const json = { ...STABLE_UNCLIP, projection_class_embeddings_input_dim: width };
  const size = { height: 96, width: 96, textLength: 77 };
  stableUnclipNetwork(readStableUnclipConfig(json, "unet/config.json"), size, counting.checkpoint);
  expect(counting.parameters()).toBe(parameters);
});
