import { filled, isUnclipError, resizeBicubic, resizePicture, tensor, valuesOf, type Picture } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, readFixture, readFixtureTensors, type FixtureTensor } from "../../../test-support/index.js";

interface PreprocessFixture {
  resizes: { input: string; output: string; width: number; height: number }[];
  upscales: string[];
}

const fixture = readFixture<PreprocessFixture>("preprocess.json");
const tensors = readFixtureTensors("preprocess.safetensors");

function pictureOf({ dims, data }: FixtureTensor): Picture {
  return { height: dims[0]!, width: dims[1]!, data: Uint8Array.from(data) };
}

describe("resizePicture equals Pillow's bicubic resize", () => {
  it.each(fixture.resizes)("$input to $width x $height", ({ input, output, width, height }) => {
    expect(resizePicture(pictureOf(tensors[input]!), width, height)).toEqual(pictureOf(tensors[output]!));
  });

  // Pillow 13.0.0: numpy.asarray(Image.fromarray(checks).resize((4, 5), Image.BICUBIC)), where the order of the passes shows
  it("resizes vertically first where far more rows than columns go", () => {
    const data = Uint8Array.from({ length: 3 * 9 * 3 }, (_, i) => ((i * i * 2 + i * 7) % 2) * 255);
    const edge = [106, 149, 106, 135, 120, 135, 135, 120, 135, 106, 149, 106];
    const next = [128, 127, 128, 127, 128, 127, 127, 128, 127, 128, 127, 128];
    const middle = [126, 129, 126, 128, 127, 128, 128, 127, 128, 126, 129, 126];
    const resized = resizePicture({ width: 3, height: 9, data }, 4, 5);
    expect([...resized.data]).toEqual([...edge, ...next, ...middle, ...next, ...edge]);
  });

  it("gives back a picture of the same size", () => {
    const picture = pictureOf(tensors["resize.input"]!);
    expect(resizePicture(picture, picture.width, picture.height)).toEqual(picture);
  });

  it.each([
    [0, 4],
    [4, 1.5],
    [NaN, 4],
  ])("refuses %d x %d", (width, height) => {
    const resize = () => resizePicture(pictureOf(tensors["resize.input"]!), width, height);
    expect(resize).toThrow(/^resizePicture: expected sizes of whole pixels, at least 1, got/);
    expect(resize).toThrow(expect.objectContaining({ code: "shape" }));
  });
});

interface Encoded {
  width: number;
  height: number;
  /** Bytes in base64. */
  rgb: string;
}

describe("resizePicture equals Pillow's other ways", () => {
  const { input, resizes } = readFixture<{ input: Encoded; resizes: ({ way: string } & Encoded)[] }>("resizing.json");
  const decoded = ({ width, height, rgb }: Encoded) => ({
    width,
    height,
    data: new Uint8Array(Buffer.from(rgb, "base64")),
  });
  const ways = { reduced: { reduce: true }, lanczos: { filter: "lanczos" } } as const;

  it.each(resizes)("$way to $width x $height", ({ way, ...expected }) => {
    const options = ways[way as keyof typeof ways];
    expect(resizePicture(decoded(input), expected.width, expected.height, options)).toEqual(decoded(expected));
  });
});

describe("resizeBicubic equals torch's antialiased bicubic", () => {
  it.each(fixture.upscales)("%s", (name) => {
    const [input, output] = [tensors[`${name}.input`]!, tensors[`${name}.output`]!];
    const resized = resizeBicubic(tensor(input.data, input.dims), output.dims[2]!, output.dims[3]!);
    expect(resized.dims).toEqual(output.dims);
    // values up to 4, and torch adds a window's terms in float32: a few units in the last place
    expectClose(valuesOf(resized), output.data, { maxAbs: 2e-6 });
  });

  it("keeps a constant, up to the rounding of its weights", () => {
    const resized = resizeBicubic(filled([2, 3, 7, 5], 0.75), 13, 3);
    expectClose(valuesOf(resized), new Float32Array(2 * 3 * 13 * 3).fill(0.75), { maxAbs: 1e-7 });
  });

  it.each([
    [filled([1, 1, 4, 4], 0), 0, 4],
    [filled([1, 1, 4, 4], 0), 4, 0.5],
    [filled([1, 1, 0, 4], 0), 4, 4],
    [filled([1, 1, 4, 0], 0), 4, 4],
  ])("refuses sizes that are none", (x, height, width) => {
    expect(() => resizeBicubic(x, height, width)).toThrow(
      /^resizeBicubic: expected sizes of whole pixels, at least 1, got/,
    );
  });

  it("refuses a tensor that holds no pictures", () => {
    const resize = () => resizeBicubic(filled([3, 8, 8], 0), 4, 4);
    expect(resize).toThrow("resizeBicubic: expected [N, C, H, W], got [3, 8, 8]");
    try {
      resize();
    } catch (error) {
      expect(isUnclipError(error, "shape")).toBe(true);
    }
  });
});
