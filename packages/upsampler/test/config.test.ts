import { readUpsamplerConfig } from "@unclip/upsampler";
import { expect, it } from "vitest";
import { readFixture } from "../../../test-support/index.js";

const karlo = readFixture<Record<string, unknown>>("karlo-tiny/super_res_first/config.json");

it.each([
  ["sample_size", 20000, ": expected an integer from 1 to 1024, got 20000"],
  ["sample_size", null, ": expected an integer from 1 to 1024, got null"],
  ["in_channels", 3, " 3 is not supported; expected 6"],
  ["out_channels", 6, " 6 is not supported; expected 3"],
  ["layers_per_block", 1e9, ": expected an integer from 1 to 1000, got 1000000000"],
  ["norm_num_groups", 0, ": expected an integer from 1 to 1024, got 0"],
  ["norm_eps", -1, ": expected a number from 0 to 1, got -1"],
  ["block_out_channels", [], ": expected 1 to 8 integers from 1 to 131072, got []"],
  ["block_out_channels", Array(9).fill(8), ": expected 1 to 8 integers"],
  ["block_out_channels", [8, 0], ": expected 1 to 8 integers"],
])("refuses %s %j", (key, value, message) => {
  expect(() => readUpsamplerConfig({ ...karlo, [key]: value }, "c")).toThrow(`c: ${key}${message}`);
});
