import { kandinskyNetwork, readKandinskyConfig } from "@unclip/decoder";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
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

/** Inputs of the network by the names of the reference's arguments. */
const INPUTS = {
  xt: "sample",
  t: "timestep",
  imageEmbedding: "image_embeds",
  textEmbedding: "text_embeds",
  textStates: "encoder_hidden_states",
  depth: "hint",
};

describe("Kandinsky's U-Net agrees with UNet2DConditionModel of diffusers", () => {
  it.each([
    ["kandinsky-2-2-tiny-decoder", "2.2", "nothing"],
    ["kandinsky-2-2-tiny-decoder-inpaint", "2.2", "mask"],
    ["kandinsky-2-2-tiny-b-decoder", "2.2", "nothing"],
    ["kandinsky-2-2-tiny-b-decoder-inpaint", "2.2", "mask"],
    ["kandinsky-2-2-tiny-b-controlnet-depth", "2.2", "depth"],
    ["kandinsky-2-1-tiny", "2.1", "nothing"],
    ["kandinsky-2-1-tiny-inpaint", "2.1", "mask"],
    ["kandinsky-2-1-tiny-b", "2.1", "nothing"],
  ])("with the weights of %s", async (name, version, beside) => {
    const folder = await openModelFolder(fixturePath(name));
    const config = readKandinskyConfig(await readJson(folder, "unet/config.json"), "unet/config.json");
    expect(config).toMatchObject({ version, beside, latentChannels: 4 });
    const fixture = readFixtureTensors(`networks/${name}/unet.safetensors`);
    const [, , height, width] = fixture["sample"]!.dims as [number, number, number, number];
    const runtime = await createRuntime();
    const graph = kandinskyNetwork(config, { height, width }, await readCheckpoint(folder, "unet"));
    const network = runtime.network(graph, folder);
    for (const row of [0, 1]) {
      const given = Object.entries(INPUTS).filter(([, key]) => key in fixture);
      const out = await network.run(
        Object.fromEntries(given.map(([input, key]) => [input, toTensor(rowOf(fixture[key]!, row))])),
      );
      const expected = rowOf(fixture["output"]!, row).data;
      const half = expected.length / 2;
      expectRelative(out["prediction"]!.data, expected.subarray(0, half), ROUNDING);
      expectRelative(out["variance"]!.data, expected.subarray(half), ROUNDING);
    }
    await runtime.dispose();
  });
});

describe("Kandinsky's config", () => {
  const json = readFixture<Record<string, unknown>>("kandinsky-2-2-tiny-decoder/unet/config.json");

  it.each([
    [{ in_channels: 5 }, "in_channels 5 is not supported; expected 4 or 9, since out_channels is 8"],
    [
      { encoder_hid_dim_type: "text_proj" },
      'encoder_hid_dim_type "text_proj" is not supported; expected "text_image_proj" or "image_proj"',
    ],
    [{ addition_embed_type: "text" }, 'addition_embed_type "text" is not supported; expected "image" or "image_hint"'],
    [{ class_embed_type: "identity" }, 'class_embed_type "identity" is not supported; expected nothing'],
    [{ act_fn: "gelu" }, 'act_fn "gelu" is not supported; expected "silu"'],
    [{ time_embedding_dim: 7 }, "time_embedding_dim 7 is not supported; expected nothing"],
    [{ encoder_hid_dim: null }, "encoder_hid_dim: expected an integer from 1 to 131072, got null"],
  ])("refuses what is not built: %j", (change, message) => {
    expect(() => readKandinskyConfig({ ...json, ...change }, "unet/config.json")).toThrow(
      `unet/config.json: ${message}`,
    );
  });
});
