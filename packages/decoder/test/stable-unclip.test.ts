import {
  noiseAugmentationNetwork,
  readImageNormalizerConfig,
  readStableUnclipConfig,
  stableUnclipNetwork,
} from "@unclip/decoder";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readScheduler } from "@unclip/sampler";
import { readJson, tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import {
  expectRelative,
  fixturePath,
  readFixture,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);
const ROUNDING = 2e-5; // float32, another order of sums
const CHECKPOINTS = ["stable-unclip-tiny-h", "stable-unclip-tiny-h-b", "stable-unclip-tiny-l"];

describe("Stable unCLIP's U-Net agrees with UNet2DConditionModel of diffusers", () => {
  for (const name of CHECKPOINTS) {
    it.each(["even", "odd"])(`with the weights of ${name}, at a size whose halves are %s`, async (size) => {
      const folder = await openModelFolder(fixturePath(name));
      const config = readStableUnclipConfig(await readJson(folder, "unet/config.json"), "unet/config.json");
      const fixture = readFixtureTensors(`networks/${name}/unet.safetensors`);
      const [, , height, width] = fixture[`${size}.sample`]!.dims as [number, number, number, number];
      const textLength = fixture["encoder_hidden_states"]!.dims[1]!;
      const runtime = await createRuntime();
      const graph = stableUnclipNetwork(config, { height, width, textLength }, await readCheckpoint(folder, "unet"));
      const network = runtime.network(graph, folder);
      for (const row of [0, 1]) {
        const part = (key: string) => toTensor(rowOf(fixture[key]!, row));
        const out = await network.run({
          xt: part(`${size}.sample`),
          t: part("timestep"),
          imageCondition: part("class_labels"),
          textStates: part("encoder_hidden_states"),
        });
        expectRelative(out["prediction"]!.data, part(`${size}.output`).data as Float32Array, ROUNDING);
      }
      await runtime.dispose();
    });
  }
});

describe("noise augmentation agrees with StableUnCLIPImg2ImgPipeline of diffusers", () => {
  it.each(CHECKPOINTS)("with the statistics of %s", async (name) => {
    const folder = await openModelFolder(fixturePath(name));
    const width = readImageNormalizerConfig(await readJson(folder, "image_normalizer/config.json"), "config.json");
    const fixture = readFixtureTensors(`networks/${name}/image-normalizer.safetensors`);
    const { schedule } = await readScheduler(folder, "image_noising_scheduler");
    const runtime = await createRuntime();
    const network = runtime.network(
      noiseAugmentationNetwork(width, await readCheckpoint(folder, "image_normalizer")),
      folder,
    );
    for (const level of [0, 37, 999]) {
      const one = (value: number) => tensor(Float32Array.of(value), [1]);
      const out = await network.run({
        imageEmbedding: toTensor(fixture["image_embeds"]!),
        noise: toTensor(fixture["noise"]!),
        level: one(level),
        signal: one(Math.sqrt(schedule.alphasCumprod[level]!)),
        strength: one(Math.sqrt(1 - schedule.alphasCumprod[level]!)),
      });
      expect(out["imageCondition"]!.dims).toEqual([2, 2 * width]);
      expectRelative(out["imageCondition"]!.data, fixture[`level-${level}`]!.data, ROUNDING);
    }
    await runtime.dispose();
  });
});

describe("Stable unCLIP's config", () => {
  const json = readFixture<Record<string, unknown>>("stable-unclip-tiny-h/unet/config.json");

  it.each([
    [{ use_linear_projection: false }, "use_linear_projection false is not supported; expected true"],
    [{ class_embed_type: null }, 'class_embed_type null is not supported; expected "projection"'],
    [
      { attention_head_dim: [5, 10] },
      "attention_head_dim: expected 3 numbers, one for each of block_out_channels, got 2",
    ],
    [{ out_channels: 8 }, "in_channels is 4, out_channels 8; expected the same"],
    [{ encoder_hid_dim: 3 }, "encoder_hid_dim 3 is not supported; expected nothing"],
  ])("refuses what is not built: %j", (change, message) => {
    expect(() => readStableUnclipConfig({ ...json, ...change }, "unet/config.json")).toThrow(
      `unet/config.json: ${message}`,
    );
  });
});
