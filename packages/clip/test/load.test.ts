import { createTextEncoder, loadImageEncoder, loadTextEncoder } from "@unclip/clip";
import { createRuntime, openModelFolder } from "@unclip/runtime/node";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fixturePath } from "../../../test-support/index.js";

/** A copy of a small model with one JSON file changed. */
async function changed(path: string, change: (json: Record<string, unknown>) => Record<string, unknown>) {
  const folder = await mkdtemp(join(tmpdir(), "unclip-clip-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(fixturePath("karlo-tiny"), folder, { recursive: true });
  const json = JSON.parse(await readFile(join(folder, path), "utf8")) as Record<string, unknown>;
  await writeFile(join(folder, path), JSON.stringify(change(json)));
  return openModelFolder(folder);
}

describe("loadTextEncoder", () => {
  it("refuses a tokenizer whose special tokens have no embedding", async () => {
    const folder = await changed("tokenizer/vocab.json", (json) => ({ ...json, "<|endoftext|>": 794 }));
    await expect(loadTextEncoder(folder, await createRuntime())).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(
        /text_encoder: the tokenizer gives the id 794, .* has 794 entries; are they from one model/,
      ),
    });
  });

  it.each([
    ["the first id beyond the table", 794],
    ["a negative id", -1],
  ])("refuses a caption with %s", async (_, id) => {
    const { config, tokenizer } = await loadTextEncoder(
      await openModelFolder(fixturePath("karlo-tiny")),
      await createRuntime(),
    );
    const network = { run: () => Promise.reject(new Error("the network must not run")) };
    const own = { ...tokenizer, encode: () => ({ ids: Int32Array.of(792, id, 793), mask: new Uint8Array(3) }) };
    const encoder = createTextEncoder(network as never, own, config);
    await expect(encoder.embed(["x"])).rejects.toThrow(
      `text encoder: the tokenizer gives the id ${id}, the vocabulary`,
    );
  });

  it.each([
    [
      "more layers than the weights have",
      "num_hidden_layers",
      1000,
      /it wants 1000 of text_model\.encoder\.layers, they have 2/,
    ],
    ["fewer", "num_hidden_layers", 1, /it wants 1 of text_model\.encoder\.layers, they have 2/],
  ])("refuses a config with %s", async (_, key, value, message) => {
    const folder = await changed("text_encoder/config.json", (json) => ({ ...json, [key]: value }));
    await expect(loadTextEncoder(folder, await createRuntime())).rejects.toThrow(message);
  });
});

describe("loadImageEncoder", () => {
  it.each([
    ["a crop", { crop_size: 24 }, /pictures become 24x24, the image encoder sees \d+x\d+; are they from one model/],
    ["a size", { do_center_crop: false, size: { height: 9, width: 8 } }, /pictures become 8x9, the image encoder sees/],
  ])("refuses %s that the vision tower does not see", async (_, json, message) => {
    const folder = await changed("feature_extractor/preprocessor_config.json", (old) => ({ ...old, ...json }));
    await expect(loadImageEncoder(folder, await createRuntime())).rejects.toThrow(message);
  });
});
