import { encodePng, readPngTexts } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const picture = { width: 2, height: 1, data: new Uint8Array(6) };

describe("readPngTexts", () => {
  it("reads what encodePng wrote", async () => {
    const texts = { unclip: '{"caption":"zwölf"}', parameters: "a\nb" };
    expect(readPngTexts(await encodePng(picture, texts), "x.png")).toEqual(texts);
    expect(readPngTexts(await encodePng(picture), "x.png")).toEqual({});
  });

  it("refuses what is no PNG file", () => {
    expect(() => readPngTexts(new Uint8Array(0), "x.png")).toThrow("x.png: this is not a PNG file");
    expect(() => readPngTexts(Uint8Array.of(0xff, 0xd8, 0xff), "x.jpg")).toThrow("x.jpg: this is not a PNG file");
  });

  it("refuses a text that is cut off or larger than a recipe can be", async () => {
    const file = await encodePng(picture, { unclip: "recipe" });
    const view = new DataView(file.buffer);
    view.setUint32(33, 0x7fffffff); // the length of the chunk behind the header
    expect(() => readPngTexts(file, "x.png")).toThrow("x.png: the file is cut off; copy it again");
    const large = new Uint8Array(2 ** 25);
    large.set(file.subarray(0, 50));
    new DataView(large.buffer).setUint32(33, 2 ** 24 + 1);
    expect(() => readPngTexts(large, "x.png")).toThrow(/^x.png: holds a text of 16777217 bytes/);
  });

  it("leaves out chunks that are no text, or are broken", async () => {
    const file = await encodePng(picture, { unclip: "recipe" });
    file[33 + 8 + 7] = 1; // compressed
    expect(readPngTexts(file, "x.png")).toEqual({});
    expect(readPngTexts(file.subarray(0, 20), "x.png")).toEqual({});
  });
});
