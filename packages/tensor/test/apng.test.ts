import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import sharp from "sharp";
import { encodeApng, encodePng, readPngTexts, type Picture } from "@unclip/tensor";

const frames = [0, 90, 200].map((start) => gradient(7, 5, start));

function gradient(width: number, height: number, start: number): Picture {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (start + i * 3) % 256) };
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** The chunks of a file whose checksums are right. */
function chunksOf(png: Uint8Array): Chunk[] {
  const file = Buffer.from(png);
  const chunks: Chunk[] = [];
  for (let at = 8; at < file.length;) {
    const end = at + 8 + file.readUInt32BE(at);
    expect(crc32(file.subarray(at + 4, end))).toBe(file.readUInt32BE(end));
    chunks.push({ type: file.toString("latin1", at + 4, at + 8), data: file.subarray(at + 8, end) });
    at = end + 4;
  }
  return chunks;
}

const ofType = (chunks: readonly Chunk[], type: string) => chunks.filter((chunk) => chunk.type === type);

describe("encodeApng", () => {
  it("counts frames, controls and data as the specification says", async () => {
    const chunks = chunksOf(await encodeApng(frames, { delayMs: 1500, plays: 2, text: { unclip: "{}" } }));
    const types = ["IHDR", "iTXt", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"];
    expect(chunks.map(({ type }) => type)).toEqual(types);
    expect(ofType(chunks, "acTL")[0]!.data).toEqual(Buffer.from([0, 0, 0, 3, 0, 0, 0, 2]));
    for (const { data } of ofType(chunks, "fcTL")) {
      expect([4, 8, 12, 16].map((at) => data.readUInt32BE(at))).toEqual([7, 5, 0, 0]);
      expect([data.readUInt16BE(20), data.readUInt16BE(22), ...data.subarray(24)]).toEqual([1500, 1000, 0, 0]);
    }
    const numbered = chunks.filter(({ type }) => type === "fcTL" || type === "fdAT");
    expect(numbered.map(({ data }) => data.readUInt32BE(0))).toEqual([0, 1, 2, 3, 4]);
  });

  it("holds each frame as a PNG file does", async () => {
    const chunks = chunksOf(await encodeApng(frames));
    const data = [ofType(chunks, "IDAT")[0]!.data, ...ofType(chunks, "fdAT").map(({ data }) => data.subarray(4))];
    for (const [i, frame] of frames.entries()) {
      expect(data[i]).toEqual(ofType(chunksOf(await encodePng(frame)), "IDAT")[0]!.data);
    }
  });

  it("shows its first frame to programs that know no animation, and carries texts", async () => {
    const file = await encodeApng(frames, { text: { unclip: '{"a":1}' } });
    expect(new Uint8Array(await sharp(file).raw().toBuffer())).toEqual(frames[0]!.data);
    expect(readPngTexts(file, "file")).toEqual({ unclip: '{"a":1}' });
  });

  it.each<[string, readonly Picture[], object, RegExp]>([
    ["no picture", [], {}, /^encodeApng: expected one picture or more, got none/],
    [
      "two sizes",
      [gradient(2, 2, 0), gradient(3, 2, 0)],
      {},
      /^encodeApng: frame 2 is 3 x 2, the first 2 x 2; expected frames of one size/,
    ],
    [
      "a broken frame",
      [{ width: 2, height: 2, data: new Uint8Array(3) }],
      {},
      /^encodeApng: frame 1: expected 12 bytes/,
    ],
    ["no delay", frames, { delayMs: 0 }, /delayMs: expected a whole number from 1 to 65535, got 0/],
    ["half a play", frames, { plays: 0.5 }, /plays: expected a whole number from 0/],
    ["a keyword of two lines", frames, { text: { "a\nb": "" } }, /^encodeApng: expected a keyword/],
  ])("refuses %s", async (_, pictures, options, message) => {
    await expect(encodeApng(pictures, options)).rejects.toThrow(message);
  });
});
