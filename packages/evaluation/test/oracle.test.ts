import { loadOracle, readOracleConfig, readScenes } from "@unclip/evaluation";
import { createRuntime, openModelFolder } from "@unclip/runtime/node";
import { picturesFromPixels, pixelsFromPicture, resizeBicubic, tensor } from "@unclip/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { expectRelative, readFixtureTensors, rowOf } from "../../../test-support/index.js";

const ROUNDING = 2e-5; // float32, another order of sums in six convolutions

const runtime = await createRuntime();
afterAll(() => runtime.dispose());

const fixture = readFixtureTensors("oracle.safetensors");
const pictures = Array.from({ length: fixture["pictures"]!.dims[0]! }, (_, i) => {
  const { dims, data } = rowOf(fixture["pictures"]!, i);
  return { width: dims[2]!, height: dims[1]!, data: Uint8Array.from(data) };
});
const load = async () => loadOracle(await openModelFolder(new URL("../oracle/", import.meta.url)), runtime);

describe("oracle", () => {
  it("agrees with its training program", async () => {
    const oracle = await load();
    const { scenes, features } = await oracle.read(pictures);
    const logits = fixture["logits"]!;
    expectRelative(features.data, fixture["features"]!.data, ROUNDING);
    expect(features.dims).toEqual(fixture["features"]!.dims);
    expect(scenes).toEqual(readScenes(tensor(logits.data, logits.dims), oracle.config));
  });

  it("reads pictures of any size", async () => {
    const oracle = await load();
    const larger = pictures.flatMap((picture) =>
      picturesFromPixels(resizeBicubic(pixelsFromPicture(picture), 256, 256)),
    );
    expect((await oracle.read(larger)).scenes).toEqual((await oracle.read(pictures)).scenes);
  });
});

describe("readScenes", () => {
  const names = ["shape", "colour", "size", "material"];
  const heads = [
    ...names.map((name) => ({ name: `first_${name}`, values: ["a", "b"] })),
    ...names.map((name) => ({ name: `second_${name}`, values: ["a", "b", "absent"] })),
    { name: "relation", values: ["left of", "none"] },
    { name: "ground", values: ["sand", "clay"] },
    { name: "style", values: ["flat", "line"] },
  ];
  const thing = (value: string) => ({ shape: value, colour: value, size: value, material: value });
  const first = [0, 1, 0, 1, 0, 1, 0, 1];
  const place = [0, 1, 1, 0];

  it("lets the shape say whether there is a second thing", () => {
    const absent = [0, 1, 2, 0, 1, 0, 0, 1, 0, 0, 1, 0];
    const there = [2, 1, 0, 1, 0, 2, 1, 0, 2, 1, 0, 2];
    const logits = tensor(
      Float32Array.from([...first, ...absent, 1, 0, ...place, ...first, ...there, 0, 1, ...place]),
      [2, 26],
    );
    expect(readScenes(logits, { heads })).toEqual([
      { things: [thing("b")], ground: "clay", style: "flat" },
      { things: [thing("b"), thing("a")], relation: "left of", ground: "clay", style: "flat" },
    ]);
  });
});

describe("config of the oracle", () => {
  it("is refused where it is another network's", () => {
    expect(() => readOracleConfig({ _class_name: "UNet2DModel" }, "c")).toThrow(/c: _class_name "UNet2DModel" is not/);
    const json = { _class_name: "ToyboxOracle", block_out_channels: [8, 8], strides: [2] };
    expect(() => readOracleConfig(json, "c")).toThrow("as many block_out_channels as strides, got 2 and 1");
    expect(() => readOracleConfig({ ...json, strides: [2, 1], heads: { style: ["flat"] } }, "c")).toThrow(
      /c: heads: first_shape, .*, ground missing/,
    );
  });
});
