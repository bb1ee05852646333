import { preprocessPicture, readPreprocessConfig } from "@unclip/clip";
import { valuesOf, type Picture } from "@unclip/tensor";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  fixturePath,
  largestDifference,
  readFixture,
  readFixtureTensors,
  type FixtureTensor,
} from "../../../test-support/index.js";

interface PreprocessFixture {
  processor: string;
  pictures: string[];
  files: { name: string }[];
}

const fixture = readFixture<PreprocessFixture>("preprocess.json");
const tensors = readFixtureTensors("preprocess.safetensors");
const karlo = readPreprocessConfig(
  readFileSync(fixturePath(`${fixture.processor}/preprocessor_config.json`), "utf8"),
  "preprocessor_config.json",
);

function pictureOf({ dims, data }: FixtureTensor): Picture {
  return { height: dims[0]!, width: dims[1]!, data: Uint8Array.from(data) };
}

function configOf(json: object) {
  return readPreprocessConfig(JSON.stringify(json), "preprocessor_config.json");
}

describe("preprocessPicture", () => {
  it.each([...fixture.pictures, ...fixture.files.map(({ name }) => name)])("equals CLIPImageProcessor: %s", (name) => {
    const pixels = preprocessPicture(pictureOf(tensors[name]!), karlo);
    const expected = tensors[`${name}.pixel_values`]!;
    expect(pixels.dims).toEqual(expected.dims);
    expect(largestDifference(valuesOf(pixels), expected.data)).toBe(0);
  });

  const bytes = { do_resize: false, do_rescale: false, do_normalize: false };
  const grey = (width: number, height: number): Picture => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => 1 + Math.floor(i / 3)),
  });
  const redOf = (picture: Picture, json: object) => {
    const { dims, data } = preprocessPicture(picture, configOf({ ...bytes, ...json }));
    return { dims: dims.slice(2), red: [...(data as Float32Array)].slice(0, dims[2]! * dims[3]!) };
  };

  it("refuses to make a long and thin picture longer than memory", () => {
    const line = { width: 1, height: 100_000, data: new Uint8Array(300_000) };
    const message = "picture: 1x100000 would become 22400000 pixels long when its shorter edge is made 224";
    expect(() => preprocessPicture(line, configOf({}))).toThrow(message);
  });

  it("leaves the odd row and column of a crop on the right and below", () => {
    expect(redOf(grey(3, 3), { crop_size: 2 })).toEqual({ dims: [2, 2], red: [1, 2, 4, 5] });
  });

  it("sets the odd row and column of a border on the left and above", () => {
    const red = [0, 0, 0, 0, 1, 2, 0, 3, 4];
    expect(redOf(grey(2, 2), { crop_size: { height: 3, width: 3 } })).toEqual({ dims: [3, 3], red });
  });

  it("crops one axis and extends the other", () => {
    expect(redOf(grey(3, 1), { crop_size: { height: 2, width: 1 } })).toEqual({ dims: [2, 1], red: [0, 2] });
  });

  it("keeps the aspect without a crop, cutting the longer edge to whole pixels", () => {
    const config = { do_resize: true, size: 2, do_center_crop: false };
    expect(redOf(grey(5, 3), config).dims).toEqual([2, 3]);
    expect(redOf(grey(3, 5), config).dims).toEqual([3, 2]);
    expect(redOf(grey(3, 5), { ...config, size: { height: 4, width: 7 } }).dims).toEqual([4, 7]);
  });
});

describe("readPreprocessConfig", () => {
  it("takes CLIP's values for what a file leaves out", () => {
    expect(configOf({ feature_extractor_type: "CLIPFeatureExtractor" })).toEqual({
      resize: { shortestEdge: 224 },
      crop: { height: 224, width: 224 },
      rescale: 1 / 255,
      normalize: { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
    });
  });

  it("reads sizes in every form that published files have", () => {
    expect(configOf({ size: 32, crop_size: 30 })).toMatchObject({
      resize: { shortestEdge: 32 },
      crop: { height: 30, width: 30 },
    });
    expect(configOf({ size: { height: 4, width: 5, shortest_edge: null } }).resize).toEqual({ height: 4, width: 5 });
    expect(configOf({ do_resize: false, size: "any", resample: 2, crop_size: { height: 4, width: 5 } })).toMatchObject({
      resize: undefined,
      crop: { height: 4, width: 5 },
    });
  });

  it.each([
    [{ image_processor_type: "ViTImageProcessor" }, 'image_processor_type "ViTImageProcessor" is not supported'],
    [{ resample: 2 }, "resample 2 is not supported; expected 3"],
    [{ do_pad: true }, "do_pad true is not supported; expected false"],
    [{ do_resize: "yes" }, 'do_resize: expected true or false, got "yes"'],
    [
      { size: { shortest_edge: 224, longest_edge: 448 } },
      'size {"shortest_edge":224,"longest_edge":448} is not supported',
    ],
    [{ size: 0 }, "size 0 is not supported; expected a number of pixels"],
    [{ crop_size: { shortest_edge: 224 } }, 'crop_size {"shortest_edge":224} is not supported'],
    [{ size: { shortest_edge: 20000 } }, 'size {"shortest_edge":20000} is not supported'],
    [
      { crop_size: 1025 },
      "crop_size 1025 is not supported; expected a number of pixels or { height, width }, of 1024 pixels",
    ],
    [{ image_std: [0.5, 0, 0.5] }, "image_std: expected numbers above 0"],
    [{ image_mean: [0.5] }, "image_mean: expected red, green and blue, got 1 numbers"],
  ])("refuses %j", (json, message) => {
    expect(() => configOf(json)).toThrow(`preprocessor_config.json: ${message}`);
  });
});
