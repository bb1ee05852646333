import { readPriorConfig } from "@unclip/prior";
import { expect, it } from "vitest";
import { readFixture } from "../../../test-support/index.js";

const karlo = readFixture<Record<string, unknown>>("karlo-tiny/prior/config.json");

it("reads sizes, with the class's defaults", () => {
  expect(readPriorConfig({ _class_name: "PriorTransformer" }, "c")).toEqual({
    heads: 32,
    headWidth: 64,
    layers: 20,
    embeddingWidth: 768,
    textLength: 77,
  });
});

it.each([
  ["num_layers", 1e9, "expected an integer from 1 to 1000, got 1000000000"],
  ["num_layers", 1.5, "expected an integer from 1 to 1000, got 1.5"],
  ["num_attention_heads", 0, "expected an integer from 1 to 1024, got 0"],
  ["attention_head_dim", -8, "expected an integer from 1 to 1024, got -8"],
  ["embedding_dim", "768", 'expected an integer from 1 to 131072, got "768"'],
  ["num_embeddings", 20000, "expected an integer from 1 to 1024, got 20000"],
])("refuses %s %j", (key, value, message) => {
  expect(() => readPriorConfig({ ...karlo, [key]: value }, "c")).toThrow(`c: ${key}: ${message}`);
});
