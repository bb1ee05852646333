import {
  readImageNormalizerConfig,
  readKandinskyConfig,
  readKarloDecoderConfig,
  readStableUnclipConfig,
  readTextProjectionConfig,
} from "@unclip/decoder";
import { expect, it } from "vitest";
import { readFixture } from "../../../test-support/index.js";

const unet = readFixture<Record<string, unknown>>("karlo-tiny/decoder/config.json");
const projection = readFixture<Record<string, unknown>>("karlo-tiny/text_proj/config.json");

it.each([
  ["sample_size", 20000, ": expected an integer from 1 to 512, got 20000"],
  ["in_channels", 4, " 4 is not supported; expected 3"],
  ["out_channels", 5, " 5 is not supported; expected 3 or 6"],
  ["layers_per_block", 0, ": expected an integer from 1 to 1000, got 0"],
  ["attention_head_dim", 0, ": expected an integer from 1 to 131072, got 0"],
  ["cross_attention_dim", 1.5, ": expected an integer from 1 to 131072, got 1.5"],
  ["norm_num_groups", 1e9, ": expected an integer from 1 to 1024, got 1000000000"],
  ["norm_eps", 2, ": expected a number from 0 to 1, got 2"],
  ["block_out_channels", [8, 1e9], ": expected 1 to 8 integers from 1 to 131072, got [8,1000000000]"],
])("refuses the decoder's %s %j", (key, value, message) => {
  expect(() => readKarloDecoderConfig({ ...unet, [key]: value }, "c")).toThrow(`c: ${key}${message}`);
});

it.each([
  ["clip_extra_context_tokens", 1.5, "expected an integer from 1 to 1024, got 1.5"],
  ["clip_embeddings_dim", 0, "expected an integer from 1 to 131072, got 0"],
  ["time_embed_dim", undefined, "expected an integer from 1 to 131072, got nothing"],
  ["cross_attention_dim", 1e9, "expected an integer from 1 to 131072, got 1000000000"],
])("refuses the projection's %s %j", (key, value, message) => {
  expect(() => readTextProjectionConfig({ ...projection, [key]: value }, "c")).toThrow(`c: ${key}: ${message}`);
});

it.each([
  ["attention_head_dim", 0, "an integer from 1 to 1024, got 0"],
  ["attention_head_dim", [1, 2, 2, 1e9], "1 to 8 integers from 1 to 1024, got [1,2,2,1000000000]"],
  ["transformer_layers_per_block", 1e9, "an integer from 1 to 1000, got 1000000000"],
  ["projection_class_embeddings_input_dim", -48, "an integer from 1 to 131072, got -48"],
])("refuses Stable unCLIP's %s %j", (key, value, message) => {
  const json = readFixture<Record<string, unknown>>("stable-unclip-tiny-l/unet/config.json");
  expect(() => readStableUnclipConfig({ ...json, [key]: value }, "c")).toThrow(`c: ${key}: expected ${message}`);
});

it.each([
  ["attention_head_dim", 0.5, "an integer from 1 to 131072, got 0.5"],
  ["encoder_hid_dim", 1e9, "an integer from 1 to 131072, got 1000000000"],
])("refuses Kandinsky's %s %j", (key, value, message) => {
  const json = readFixture<Record<string, unknown>>("kandinsky-2-2-tiny-decoder/unet/config.json");
  expect(() => readKandinskyConfig({ ...json, [key]: value }, "c")).toThrow(`c: ${key}: expected ${message}`);
});

it("refuses a normalizer of a width that cannot be", () => {
  expect(() => readImageNormalizerConfig({ embedding_dim: 1e9 }, "c")).toThrow(
    "c: embedding_dim: expected an integer from 1 to 131072, got 1000000000",
  );
});
