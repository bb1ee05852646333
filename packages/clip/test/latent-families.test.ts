import { clipVisionNetwork, loadImageEncoder, loadTextEncoder, readClipVisionConfig } from "@unclip/clip";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectRelative, fixturePath, readFixtureTensors } from "../../../test-support/index.js";

const ROUNDING = 2e-5; // float32, another order of sums
const CAPTIONS = ["Two blue cubes, 3 spheres & a cat!", "the dog's red ball behind a yellow cone ".repeat(12)];

describe("a text tower without projection agrees with CLIPTextModel of transformers", () => {
  it.each(["stable-unclip-tiny-h", "stable-unclip-tiny-h-b", "stable-unclip-tiny-l"])(
    "with the weights of %s",
    async (name) => {
      const runtime = await createRuntime();
      const encoder = await loadTextEncoder(await openModelFolder(fixturePath(name)), runtime);
      const fixture = readFixtureTensors(`networks/${name}/text-encoder.safetensors`);
      const { textStates, textEmbedding } = await encoder.embed(CAPTIONS);
      expectRelative(textStates.data, fixture["last_hidden_state"]!.data, ROUNDING);
      expectRelative(textEmbedding.data, fixture["pooler_output"]!.data, ROUNDING);
      expect(encoder.config).toMatchObject({ hasProjection: false, embeddingWidth: textStates.dims[2] });
      await runtime.dispose();
    },
  );
});

describe("vision towers with heads of any width agree with CLIPVisionModelWithProjection", () => {
  it.each([
    "kandinsky-2-2-tiny-prior",
    "kandinsky-2-2-tiny-b-prior",
    "kandinsky-2-1-tiny-prior",
    "kandinsky-2-1-tiny-b-prior",
    "stable-unclip-tiny-h",
    "stable-unclip-tiny-h-b",
    "stable-unclip-tiny-l",
  ])("with the weights of %s", async (name) => {
    const runtime = await createRuntime();
    const folder = await openModelFolder(fixturePath(name));
    const config = readClipVisionConfig(await readJson(folder, "image_encoder/config.json"), "config.json");
    const network = runtime.network(clipVisionNetwork(config, await readCheckpoint(folder, "image_encoder")), folder);
    const fixture = readFixtureTensors(`networks/${name}/image-encoder.safetensors`);
    const { dims, data } = fixture["pixel_values"]!;
    const out = await network.run({ pixels: tensor(data, dims) });
    expectRelative(out["imageEmbedding"]!.data, fixture["image_embeds"]!.data, ROUNDING);
    const zero = await (
      await loadImageEncoder(folder, runtime, {
        preprocessor: name.endsWith("prior") ? "image_processor" : "feature_extractor",
      })
    ).embedNothing();
    expectRelative(zero.data, fixture["zero_image_embeds"]!.data, ROUNDING);
    await runtime.dispose();
  });
});
