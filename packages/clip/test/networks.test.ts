import { clipTextNetwork, clipVisionNetwork, readClipTextConfig, readClipVisionConfig } from "@unclip/clip";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, tensor } from "@unclip/tensor";
import { Tensor } from "onnxruntime-common";
import { describe, expect, it } from "vitest";
import { expectRelative, fixturePath, readFixtureTensors } from "../../../test-support/index.js";

const ROUNDING = 1e-5; // float32, another order of sums

describe("networks of CLIP", () => {
  it("text tower agrees with CLIPTextModelWithProjection of transformers", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const config = readClipTextConfig(await readJson(folder, "text_encoder/config.json"), "text_encoder/config.json");
    const fixture = readFixtureTensors("networks/clip-text.safetensors");
    const { dims, data } = fixture["input_ids"]!;
    const [n, length] = dims as [number, number];
    const endOfText = new Float32Array(n * length);
    for (let row = 0; row < n; row++) {
      const ids = [...data.subarray(row * length, (row + 1) * length)];
      endOfText[row * length + ids.indexOf(Math.max(...ids))] = 1;
    }
    const runtime = await createRuntime();
    const network = runtime.network(clipTextNetwork(config, await readCheckpoint(folder, "text_encoder")), folder);
    const out = await network.run({
      ids: new Tensor("int32", Int32Array.from(data), dims),
      endOfText: tensor(endOfText, [n, 1, length]),
    });
    expectRelative(out["textStates"]!.data, fixture["last_hidden_state"]!.data, ROUNDING);
    expectRelative(out["textEmbedding"]!.data, fixture["text_embeds"]!.data, ROUNDING);
    await runtime.dispose();
  });

  it("vision tower agrees with CLIPVisionModelWithProjection of transformers", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const config = readClipVisionConfig(
      await readJson(folder, "image_encoder/config.json"),
      "image_encoder/config.json",
    );
    const fixture = readFixtureTensors("networks/clip-vision.safetensors");
    const pixels = tensor(fixture["pixel_values"]!.data, fixture["pixel_values"]!.dims);
    const runtime = await createRuntime();
    const network = runtime.network(clipVisionNetwork(config, await readCheckpoint(folder, "image_encoder")), folder);
    expectRelative((await network.run({ pixels }))["imageEmbedding"]!.data, fixture["image_embeds"]!.data, ROUNDING);
    await runtime.dispose();
  });
});

describe("configs of CLIP", () => {
  it("come alone or as halves of CLIPModel's", () => {
    const whole = {
      projection_dim: 32,
      text_config: { hidden_size: 64, eos_token_id: 2 },
      vision_config: { hidden_size: 48, patch_size: 14 },
    };
    expect(readClipTextConfig(whole, "config.json")).toMatchObject({
      width: 64,
      embeddingWidth: 32,
      endOfText: undefined,
      textLength: 77,
    });
    expect(readClipVisionConfig(whole, "config.json")).toMatchObject({
      width: 48,
      embeddingWidth: 32,
      imageSize: 224,
      patchSize: 14,
    });
  });

  it("are refused where the network would not be the one that is built", () => {
    expect(() => readClipTextConfig({ hidden_act: "relu" }, "text_encoder/config.json")).toThrow(
      'text_encoder/config.json: hidden_act "relu" is not supported; expected "quick_gelu" or "gelu"',
    );
    expect(() => readClipVisionConfig({ image_size: 30, patch_size: 4 }, "c")).toThrow(
      "c: image_size 30 is not a multiple of patch_size 4",
    );
  });
});
