import {
  loadMultilingualTextEncoder,
  multilingualNetwork,
  readMultilingualConfig,
  readMultilingualTokenizer,
} from "@unclip/clip";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, tensor } from "@unclip/tensor";
import { Tensor } from "onnxruntime-common";
import { describe, expect, it } from "vitest";
import { expectRelative, fixturePath, readFixture, readFixtureTensors } from "../../../test-support/index.js";

const ROUNDING = 2e-5; // float32, another order of sums

interface TokenCases {
  readonly tokenizer: string;
  readonly cases: readonly { text: string; ids: number[]; maskLength: number; fullIds: number[] }[];
  readonly random: readonly (readonly [string, string])[];
}

describe("the multilingual text encoder agrees with MultilingualCLIP of diffusers", () => {
  it.each(["kandinsky-2-1-tiny", "kandinsky-2-1-tiny-b"])("with the weights of %s", async (name) => {
    const folder = await openModelFolder(fixturePath(name));
    const config = readMultilingualConfig(await readJson(folder, "text_encoder/config.json"), "config.json");
    const fixture = readFixtureTensors(`networks/${name}/text-encoder.safetensors`);
    const { dims, data } = fixture["input_ids"]!;
    const [rows, length] = dims as [number, number];
    const places = Array.from({ length: rows }, (_, row) => {
      let place = 1;
      return [...data.subarray(row * length, (row + 1) * length)].map((id) => (id === 1 ? 1 : ++place));
    });
    const runtime = await createRuntime();
    const graph = multilingualNetwork(config, length, await readCheckpoint(folder, "text_encoder"));
    const out = await runtime.network(graph, folder).run({
      ids: new Tensor("int32", Int32Array.from(data), dims),
      positions: new Tensor("int32", Int32Array.from(places.flat()), dims),
      textMask: tensor(fixture["attention_mask"]!.data, dims),
    });
    expectRelative(out["textEmbedding"]!.data, fixture["text_embeds"]!.data, ROUNDING);
    expectRelative(out["textStates"]!.data, fixture["last_hidden_state"]!.data, ROUNDING);
    await runtime.dispose();
  });

  it("from the caption on, with what was cut off", async () => {
    const runtime = await createRuntime();
    const encoder = await loadMultilingualTextEncoder(
      await openModelFolder(fixturePath("kandinsky-2-1-tiny")),
      runtime,
    );
    const fixture = readFixtureTensors("networks/kandinsky-2-1-tiny/text-encoder.safetensors");
    const long = "a watercolour painting of a lighthouse ".repeat(12);
    const encoded = await encoder.embed(["красный куб на синем шаре", long]);
    expectRelative(encoded.textEmbedding.data, fixture["text_embeds"]!.data, ROUNDING);
    expectRelative(encoded.textStates.data, fixture["last_hidden_state"]!.data, ROUNDING);
    expect([...encoded.textMask.data]).toEqual([...fixture["attention_mask"]!.data]);
    expect(encoded.cut[0]).toBeUndefined();
    expect(encoded.cut[1]).toMatch(/a watercolour painting of a lighthouse$/);
    await runtime.dispose();
  });

  it("refuses a config of other widths", () => {
    expect(() => readMultilingualConfig({ hidden_size: 768, transformerDimensions: 1024 }, "config.json")).toThrow(
      "config.json: transformerDimensions is 1024, hidden_size 768; expected the same",
    );
  });

  it.each([
    ["hidden_size", 1e9, "an integer from 1 to 131072, got 1000000000"],
    ["vocab_size", 1e12, "an integer from 1 to 10000000, got 1000000000000"],
    ["num_hidden_layers", 1e6, "an integer from 1 to 1000, got 1000000"],
    ["num_attention_heads", 0, "an integer from 1 to 1024, got 0"],
    ["intermediate_size", 0.5, "an integer from 1 to 131072, got 0.5"],
    ["layer_norm_eps", -1, "a number from 0 to 1, got -1"],
    ["max_position_embeddings", 1e9, "an integer from 1 to 1024, got 1000000000"],
    ["pad_token_id", -1, "an integer from 0 to 10000000, got -1"],
  ])("refuses the %s %j", (key, value, message) => {
    const json = readFixture<Record<string, unknown>>("kandinsky-2-1-tiny/text_encoder/config.json");
    expect(() => readMultilingualConfig({ ...json, [key]: value }, "c")).toThrow(`c: ${key}: expected ${message}`);
  });
});

describe("the multilingual tokenizer", () => {
  const { tokenizer: path, cases, random } = readFixture<TokenCases>("tokenizer-multilingual.json");
  const load = async () => readMultilingualTokenizer(await openModelFolder(fixturePath(path)), "");

  it("gives the ids of XLMRobertaTokenizerFast for sentences in many languages", async () => {
    const tokenizer = await load();
    for (const { text, ids, maskLength } of cases) {
      const encoded = tokenizer.encode(text);
      expect([text, [...encoded.ids]]).toEqual([text, ids]);
      expect([text, encoded.mask.reduce((sum, one) => sum + one, 0)]).toEqual([text, maskLength]);
    }
  });

  it("gives its ids for random mixtures", async () => {
    const tokenizer = await load();
    for (const [text, expected] of random) {
      const used = expected.split(" ").map(Number);
      const kept = used.length <= 77 ? used : [...used.slice(0, 76), used.at(-1)!];
      expect([text, [...tokenizer.encode(text).ids].slice(0, kept.length)]).toEqual([text, kept]);
    }
  });

  it("says what to do where tokenizer.json is missing", async () => {
    const folder = { name: "model", has: async () => false, text: async () => "" };
    await expect(readMultilingualTokenizer(folder, "tokenizer")).rejects.toThrow(
      "model/tokenizer/tokenizer.json is missing; sentencepiece.bpe.model alone is not read",
    );
  });
});
