import { clipTextNetwork, clipVisionNetwork, readClipTextConfig, readClipVisionConfig } from "@unclip/clip";
import { expect, it } from "vitest";
import { countingCheckpoint } from "../../../test-support/index.js";

/* The networks of the published configs ask for as many numbers as transformers' classes hold. */

const tower = (width: number, layers: number, heads: number, inner: number) => ({
  hidden_size: width,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: inner,
  hidden_act: "gelu",
});

it.each([
  ["ViT-H", { ...tower(1024, 24, 16, 4096), projection_dim: 1024 }, 354_032_640],
  ["ViT-bigG", { ...tower(1280, 32, 20, 5120), projection_dim: 1280 }, 694_659_840],
  [
    "Stable Diffusion 2, without projection",
    { ...tower(1024, 23, 16, 4096), projection_dim: 512, architectures: ["CLIPTextModel"] },
    340_387_840,
  ],
])("text tower of %s", (_, json, parameters) => {
  const counting = countingCheckpoint();
  clipTextNetwork(readClipTextConfig(json, "config.json"), counting.checkpoint);
  expect(counting.parameters()).toBe(parameters);
});

it.each([
  ["ViT-H, heads of 80", { ...tower(1280, 32, 16, 5120), projection_dim: 1024 }, 632_076_800],
  ["ViT-bigG, heads of 104", { ...tower(1664, 48, 16, 8192), projection_dim: 1280 }, 1_844_907_264],
])("vision tower of %s", (_, json, parameters) => {
  const counting = countingCheckpoint();
  const config = readClipVisionConfig({ ...json, patch_size: 14, image_size: 224 }, "config.json");
  clipVisionNetwork(config, counting.checkpoint);
  expect(counting.parameters()).toBe(parameters);
});
