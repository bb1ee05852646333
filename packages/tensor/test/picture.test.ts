import {
  checkPicture,
  filled,
  picturesFromPixels,
  pixelsFromPicture,
  tensor,
  valuesOf,
  type Picture,
} from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const picture: Picture = { width: 2, height: 1, data: Uint8Array.of(0, 51, 102, 153, 204, 255) };

describe("pixelsFromPicture", () => {
  it("lays red, green and blue out as planes, from -1 to 1", () => {
    const pixels = pixelsFromPicture(picture);
    expect(pixels.dims).toEqual([1, 3, 1, 2]);
    const expected = [0, 153, 51, 204, 102, 255].map((byte) => (byte / 255) * 2 - 1);
    expect(valuesOf(pixels)).toEqual(Float32Array.from(expected));
  });

  it("and picturesFromPixels give every byte back", () => {
    const data = Uint8Array.from({ length: 4 * 64 * 3 }, (_, i) => i % 256);
    const all = { width: 4, height: 64, data };
    expect(picturesFromPixels(pixelsFromPicture(all))).toEqual([all]);
  });
});

describe("picturesFromPixels", () => {
  it("gives one picture for each row", () => {
    const [a, b] = [filled([1, 3, 1, 2], -1), pixelsFromPicture(picture)];
    const both = tensor(Float32Array.of(...valuesOf(a), ...valuesOf(b)), [2, 3, 1, 2]);
    expect(picturesFromPixels(both)).toEqual([{ ...picture, data: new Uint8Array(6) }, picture]);
  });

  it.each([
    [-1, 0],
    [1, 255],
    [-1.5, 0],
    [7, 255],
    [0, 128], // 127.5, 126.5, 100.5 and 254.5 in float32: rounded to the even neighbour, as numpy rounds them
    [(2 * 126.5) / 255 - 1, 126],
    [(2 * 100.5) / 255 - 1, 100],
    [(2 * 254.5) / 255 - 1, 254],
    [1 / 255, 128],
    [(2 * 2.4) / 255 - 1, 2],
    [(2 * 2.6) / 255 - 1, 3],
    [(2 * 3.4) / 255 - 1, 3],
  ])("makes %d the byte %d", (value, byte) => {
    expect(picturesFromPixels(filled([1, 3, 1, 1], value))[0]!.data).toEqual(new Uint8Array(3).fill(byte));
  });

  it.each([[[1, 4, 2, 2]], [[3, 2, 2]], [[1, 3, 2, 2, 1]]])("refuses %j", (dims) => {
    expect(() => picturesFromPixels(filled(dims, 0))).toThrow(
      `pixels: expected [N, 3, H, W], got [${dims.join(", ")}]`,
    );
    expect(() => picturesFromPixels(filled(dims, 0))).toThrow(expect.objectContaining({ code: "shape" }));
  });
});

describe("checkPicture", () => {
  it("accepts a picture", () => {
    checkPicture("vary", picture);
  });

  it.each([
    [
      { ...picture, data: new Uint8Array(8) },
      "vary: expected 6 bytes for 2 x 1 RGB pixels, got 8; has the picture an alpha",
    ],
    [{ ...picture, data: undefined }, "vary: expected 6 bytes for 2 x 1 RGB pixels, got undefined"],
    [{ ...picture, width: 0 }, "vary: expected a picture with a width and a height of 1 or more, got 0 x 1"],
    [{ ...picture, height: 1.5 }, "vary: expected a picture with a width and a height of 1 or more, got 2 x 1.5"],
    [
      { ...picture, height: 2 ** 31 },
      "vary: expected a picture with a width and a height of 1 or more, got 2 x 2147483648",
    ],
    [null, "vary: expected a picture with a width and a height of 1 or more, got undefined x undefined"],
  ])("refuses %j", (wrong, message) => {
    const check = () => checkPicture("vary", wrong as Picture);
    expect(check).toThrow(message);
    expect(check).toThrow(expect.objectContaining({ code: "input" }));
  });
});
