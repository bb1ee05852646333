import { inflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodePng, isUnclipError, type Picture } from "@unclip/tensor";

/** A picture whose bytes are `at(x, y, channel)`. */
function draw(width: number, height: number, at: (x: number, y: number, c: number) => number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    data[i] = at(pixel % width, Math.floor(pixel / width), i % 3);
  }
  return { width, height, data };
}

const noise = (x: number, y: number, c: number) => (Math.imul(x * 73 + y * 151 + c * 283 + 1, 0x9e3779b1) >>> 11) & 255;

/** Each favours other filters: flat rows, horizontal and vertical gradients, both at once, nothing to predict, edges and blends. */
const pictures: Record<string, Picture> = {
  "one pixel": draw(1, 1, (_x, _y, c) => 250 + c),
  "one column": draw(1, 9, (_x, y) => y * 20),
  flat: draw(16, 16, () => 200),
  horizontal: draw(64, 8, (x, y, c) => x * 4 + c + y * 90),
  vertical: draw(8, 64, (x, y, c) => y * 4 + c + noise(x, 0, c)),
  diagonal: draw(33, 21, (x, y, c) => (x * x + y * 11 + c * 5) / 4),
  noise: draw(37, 23, noise),
  stairs: draw(40, 40, (x, y, c) => (x * 6 > y * 5 + noise(0, y, 0) / 9 ? 40 + c : 210) + (noise(x, y, c) >> 5)),
  grain: draw(40, 40, (x, y, c) => 100 + x + y + (noise(x * x * 7 + y * y * y, x * y * 3, c * x) >> 3)),
  blend: draw(40, 40, (x, y, c) => noise(x, 0, c) / 3 + noise(0, y, c) / 3),
};

async function decode(png: Uint8Array) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data: new Uint8Array(data) };
}

/** The rows of a PNG file as they are compressed: the filter's number, then its residuals. */
function filteredRows(png: Uint8Array, length: number): number[][] {
  const file = Buffer.from(png);
  const at = file.indexOf("IDAT");
  const bytes = inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)));
  return Array.from({ length: bytes.length / length }, (_, y) => [...bytes.subarray(y * length, (y + 1) * length)]);
}

/** The residuals of one row, as section 9 of the specification defines them. */
function filtered({ width, data }: Picture, y: number, filter: number): number[] {
  const byte = (row: number, i: number) => (row < 0 || i < 0 ? 0 : data[row * width * 3 + i]!);
  return Array.from({ length: width * 3 }, (_, i) => {
    const [left, up, corner] = [byte(y, i - 3), byte(y - 1, i), byte(y - 1, i - 3)];
    const distances = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
    const nearest = [left, up, corner][distances.indexOf(Math.min(...distances))]!;
    const prediction = [0, left, up, Math.floor((left + up) / 2), nearest][filter]!;
    return (byte(y, i) - prediction + 256) % 256;
  });
}

function magnitude(residuals: readonly number[]): number {
  return residuals.reduce((sum, residual) => sum + (residual < 128 ? residual : 256 - residual), 0);
}

async function refusal(picture: Picture, text?: Record<string, string>): Promise<string> {
  const error = await encodePng(picture, text).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!isUnclipError(error, "input")) throw new Error(`expected UnclipError "input", got ${String(error)}`);
  return error.message;
}

describe("encodePng", () => {
  it.each(Object.entries(pictures))("gives back every byte: %s", async (_name, picture) => {
    const back = await decode(await encodePng(picture));
    expect(back).toEqual({ ...picture, channels: 3 });
  });

  it("uses every filter of PNG on these pictures, for each row the one that leaves the least", async () => {
    const used = new Set<number>();
    for (const picture of Object.values(pictures)) {
      const rows = filteredRows(await encodePng(picture), picture.width * 3 + 1);
      expect(rows.length).toBe(picture.height);
      rows.forEach(([filter, ...residuals], y) => {
        used.add(filter!);
        const sums = [0, 1, 2, 3, 4].map((other) => magnitude(filtered(picture, y, other)));
        expect(residuals).toEqual(filtered(picture, y, filter!));
        expect(filter).toBe(sums.indexOf(Math.min(...sums)));
      });
    }
    expect([...used].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("is small where rows resemble each other", async () => {
    const smooth = draw(256, 256, (x, y, c) => (x + y) / 2 + c * 10);
    const unfiltered = new Blob([smooth.data as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new CompressionStream("deflate"));
    const unfilteredBytes = (await new Response(unfiltered).arrayBuffer()).byteLength;
    expect((await encodePng(smooth)).length).toBeLessThan(unfilteredBytes / 2);
  });

  it("keeps texts in any script and of any length", async () => {
    const text = {
      parameters: "ein roter Würfel auf einer 青い球 🎲\nsecond line",
      unclip: JSON.stringify({ long: "x".repeat(100_000) }),
    };
    const { comments } = await sharp(await encodePng(pictures.noise!, text)).metadata();
    expect(Object.fromEntries(comments!.map(({ keyword, text }) => [keyword, text]))).toEqual(text);
  });

  it.each(["", " lead", "trail ", "two  spaces", "tab\t", "nul\0", "no\u00a0break", "κλειδί", "k".repeat(80)])(
    "refuses the keyword %j",
    async (keyword) => {
      expect(await refusal(pictures.flat!, { [keyword]: "text" })).toContain(JSON.stringify(keyword));
    },
  );

  it("accepts the longest keyword and Latin-1 in it", async () => {
    const keyword = "é".repeat(79);
    const { comments } = await sharp(await encodePng(pictures.flat!, { [keyword]: "" })).metadata();
    expect(comments).toHaveLength(1);
  });

  it.each(["a\0b", "half \ud83c"])("refuses the text %j", async (text) => {
    expect(await refusal(pictures.flat!, { unclip: text })).toContain('"unclip"');
  });

  it("refuses a picture whose data does not fit its size", async () => {
    expect(await refusal({ width: 4, height: 4, data: new Uint8Array(64) })).toContain("expected 48 bytes for 4 x 4");
    expect(await refusal({ width: 0, height: 4, data: new Uint8Array(0) })).toContain("got 0 x 4");
    expect(await refusal({ width: 1.5, height: 2, data: new Uint8Array(9) })).toContain("got 1.5 x 2");
  });
});
