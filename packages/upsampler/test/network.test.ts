import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, tensor } from "@unclip/tensor";
import { readUpsamplerConfig, upsamplerNetwork } from "@unclip/upsampler";
import { expect, it } from "vitest";
import {
  expectRelative,
  fixturePath,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);

it("upsamplerNetwork agrees with UNet2DModel of diffusers", async () => {
  const folder = await openModelFolder(fixturePath("karlo-tiny"));
  const config = readUpsamplerConfig(
    await readJson(folder, "super_res_first/config.json"),
    "super_res_first/config.json",
  );
  const runtime = await createRuntime();
  const network = runtime.network(upsamplerNetwork(config, await readCheckpoint(folder, "super_res_first")), folder);
  const fixture = readFixtureTensors("networks/super-res.safetensors");
  for (const row of [0, 1]) {
    const part = (name: string) => rowOf(fixture[name]!, row);
    const out = await network.run({ xt: toTensor(part("sample")), t: toTensor(part("timestep")) });
    expectRelative(out["prediction"]!.data, part("output").data, 1e-5); // float32, another order of sums
  }
  await runtime.dispose();
});

it("refuses an upsampler with attention", () => {
  expect(() =>
    readUpsamplerConfig({ block_out_channels: [8], add_attention: true }, "super_res_first/config.json"),
  ).toThrow("super_res_first/config.json: add_attention true is not supported; expected false");
});
