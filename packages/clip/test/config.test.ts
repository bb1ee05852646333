import { readClipTextConfig, readClipVisionConfig } from "@unclip/clip";
import { expect, it } from "vitest";
import { readFixture } from "../../../test-support/index.js";

const text = readFixture<Record<string, unknown>>("karlo-tiny/text_encoder/config.json");
const vision = readFixture<Record<string, unknown>>("karlo-tiny/image_encoder/config.json");

it.each([
  ["num_hidden_layers", 1e9, ": expected an integer from 1 to 1000, got 1000000000"],
  ["num_attention_heads", 0, ": expected an integer from 1 to 1024, got 0"],
  ["hidden_size", 31, " 31 is not a multiple of num_attention_heads"],
  ["intermediate_size", -1, ": expected an integer from 1 to 131072, got -1"],
  ["layer_norm_eps", -1, ": expected a number from 0 to 1, got -1"],
  ["projection_dim", 0.5, ": expected an integer from 1 to 131072, got 0.5"],
  ["vocab_size", 1e9, ": expected an integer from 1 to 10000000, got 1000000000"],
  ["max_position_embeddings", 20000, ": expected an integer from 1 to 1024, got 20000"],
  ["eos_token_id", -1, ": expected an integer from 0 to 10000000, got -1"],
])("refuses the text tower's %s %j", (key, value, message) => {
  expect(() => readClipTextConfig({ ...text, [key]: value }, "c")).toThrow(`c: ${key}${message}`);
});

it.each([
  ["image_size", 20000, ": expected an integer from 1 to 1024, got 20000"],
  ["image_size", 31, " 31 is not a multiple of patch_size"],
  ["patch_size", 0, ": expected an integer from 1 to 1024, got 0"],
])("refuses the vision tower's %s %j", (key, value, message) => {
  expect(() => readClipVisionConfig({ ...vision, [key]: value }, "c")).toThrow(`c: ${key}${message}`);
});
