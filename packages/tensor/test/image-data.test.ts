import { readPicture, toImageData } from "@unclip/tensor";
import { afterEach, describe, expect, it, vi } from "vitest";

const picture = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 254, 0, 255) };

/** What Node lacks of a browser. Drawing itself is tested in Chromium, with the packages bundled. */
class FakeImageData {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

describe("toImageData", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("adds an opaque alpha to each pixel", () => {
    vi.stubGlobal("ImageData", FakeImageData);
    const { width, height, data } = toImageData(picture);
    expect([width, height]).toEqual([2, 1]);
    expect([...data]).toEqual([1, 2, 3, 255, 254, 0, 255, 255]);
  });

  it("and readPicture give every byte back", async () => {
    vi.stubGlobal("ImageData", FakeImageData);
    const all = { width: 16, height: 16, data: Uint8Array.from({ length: 768 }, (_, i) => i % 256) };
    expect(await readPicture(toImageData(all))).toEqual(all);
  });

  it("refuses a picture whose data do not fit, and to work in Node", () => {
    expect(() => toImageData({ ...picture, width: 3 })).toThrow(/expected 9 bytes/);
    expect(() => toImageData(picture)).toThrow(/works in browsers alone/);
  });
});

describe("readPicture", () => {
  const rgba = (...values: number[]) => ({ width: 1, height: 1, data: Uint8ClampedArray.from(values) }) as ImageData;

  it("lays what is transparent on white", async () => {
    expect([...(await readPicture(rgba(0, 100, 255, 0))).data]).toEqual([255, 255, 255]);
    expect([...(await readPicture(rgba(0, 100, 255, 51))).data]).toEqual([204, 224, 255]); // 255 - 255 / 5, 255 - 155 / 5
  });

  it("refuses a picture too large to hold, and files in Node", async () => {
    const large = { width: 8192, height: 8193, data: new Uint8ClampedArray(0) } as unknown as ImageData;
    await expect(readPicture(large)).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(/8192 x 8193 pixels/),
    });
    await expect(readPicture(new Blob(["text"]))).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(/browsers alone/),
    });
  });
});
