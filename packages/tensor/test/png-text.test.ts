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
    expect(() => readPngTexts(file, "x.png")).toThrow(expect.objectContaining({ code: "input" }));
    const large = new Uint8Array(2 ** 25);
    large.set(file.subarray(0, 50));
    new DataView(large.buffer).setUint32(33, 2 ** 24 + 1);
    expect(() => readPngTexts(large, "x.png")).toThrow(/^x.png: holds a text of 16777217 bytes/);
    expect(() => readPngTexts(large, "x.png")).toThrow(expect.objectContaining({ code: "input" }));
  });

  it("leaves out chunks that are no text, or are broken", async () => {
    const file = await encodePng(picture, { unclip: "recipe" });
    file[33 + 8 + 7] = 1; // compressed
    expect(readPngTexts(file, "x.png")).toEqual({});
    expect(readPngTexts(file.subarray(0, 20), "x.png")).toEqual({});
  });

  it("finds a text that ends with the file, and one as large as a recipe can be", () => {
    expect(readPngTexts(png(iTXt("k", 0, "", "", "x")).subarray(0, -4), "x.png")).toEqual({ k: "x" });
    const [most] = [2 ** 24 - 6];
    expect(readPngTexts(png(iTXt("k", 0, "", "", "y".repeat(most))), "x.png")["k"]?.length).toBe(most);
    expect(() => readPngTexts(png(iTXt("k", 0, "", "", "y".repeat(most + 1))), "x.png")).toThrow(/16777217 bytes/);
  });

  it("steps over a chunk without data at the very end", () => {
    const bytes = png(iTXt("k", 0, "", "", "x"), []);
    expect(readPngTexts(bytes.subarray(0, -4), "x.png")).toEqual({ k: "x" });
  });

  it("skips the language and the translated keyword", () => {
    expect(readPngTexts(png(iTXt("k", 0, "de", "Schlüssel", "x\ny")), "x.png")).toEqual({ k: "x\ny" });
  });

  it.each([
    ["no keyword", iTXt("", 0, "", "", "x")],
    ["a compressed text", iTXt("k", 1, "", "", "x")],
    ["no end of the keyword", [..."keyword"].map((letter) => letter.charCodeAt(0))],
    ["no end of the language", [107, 0, 0, 0, 100, 101]],
    ["no end of the translation", [107, 0, 0, 0, 0, 100, 101]],
    ["nothing", []],
  ])("leaves out a chunk with %s, and reads on", (_, data) => {
    expect(readPngTexts(png(data, iTXt("next", 0, "", "", "read")), "x.png")).toEqual({ next: "read" });
  });

  it.each([0, 3, 7])("refuses a file whose signature is wrong at byte %d", (at) => {
    const bytes = png(iTXt("k", 0, "", "", "x"));
    bytes[at]! ^= 1;
    expect(() => readPngTexts(bytes, "x.png")).toThrow(/^x\.png: this is not a PNG file$/);
    expect(() => readPngTexts(bytes, "x.png")).toThrow(expect.objectContaining({ code: "input" }));
  });
});

/** The data of an iTXt chunk. */
function iTXt(keyword: string, flag: number, language: string, translation: string, text: string): Uint8Array {
  return Buffer.from(`${keyword}\0${String.fromCharCode(flag)}\0${language}\0${translation}\0${text}`);
}

/** A PNG file of iTXt chunks, without checksums. */
function png(...chunks: ArrayLike<number>[]): Uint8Array {
  const parts = chunks.map((data) => {
    const part = new Uint8Array(data.length + 12);
    new DataView(part.buffer).setUint32(0, data.length);
    part.set([0x69, 0x54, 0x58, 0x74], 4);
    part.set(data, 8);
    return part;
  });
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Uint8Array.from(Buffer.concat([signature, ...parts]));
}
