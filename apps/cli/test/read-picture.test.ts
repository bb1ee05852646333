import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { encodePng } from "unclip";
import { describe, expect, it } from "vitest";
import { fixturePath, largestDifference, readFixture, readFixtureTensors } from "../../../test-support/index.js";
import { readPictureFile } from "../src/read-picture.js";
import { gradient } from "./fake-host.js";
import { chunk, withChunks } from "./png-chunks.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/** Pillow clips 16-bit grey at 255, so that almost every picture turns white; here the high byte is kept, as Pillow keeps it in colour. */
const CLIPPED = "pictures/grey-16.png";

const { files } = readFixture<{ files: { file: string; mode: string; name: string }[] }>("preprocess.json");
const expected = readFixtureTensors("preprocess.safetensors");

describe("readPictureFile equals Pillow's convert('RGB')", () => {
  it.each(files.filter(({ file }) => file !== CLIPPED))("$file ($mode)", async ({ file, name }) => {
    const picture = await readPictureFile(fixturePath(file));
    const { dims, data } = expected[name]!;
    expect([picture.height, picture.width, 3]).toEqual(dims);
    expect(largestDifference(picture.data, data)).toBeLessThanOrEqual(1); // two decoders of JPEG may round differently
  });

  it("but for 16-bit grey, of which it keeps the high byte", async () => {
    const { data, info } = await sharp(fixturePath(CLIPPED))
      .toColourspace("grey16")
      .raw({ depth: "ushort" })
      .toBuffer({ resolveWithObject: true });
    const values = new Uint16Array(data.buffer, data.byteOffset, info.width * info.height);
    const picture = await readPictureFile(fixturePath(CLIPPED));
    expect(new Set(values).size).toBeGreaterThan(16);
    const grey = picture.data.filter((_, i) => i % 3 === 0);
    expect(
      largestDifference(
        grey,
        Array.from(values, (value) => value >> 8),
      ),
    ).toBeLessThanOrEqual(1);
  });
});

async function fileOf(bytes: Uint8Array | string, name = "in.png"): Promise<string> {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, bytes);
  return file;
}

/** The most memory this process has had so far, in MB. */
const peakMb = () => process.resourceUsage().maxRSS / 1024;

describe("readPictureFile refuses", () => {
  it("a small file of a long thin picture, before it is decoded", async () => {
    const raw = { width: 1, height: 1_000_000, channels: 3 } as const;
    const png = await sharp(Buffer.alloc(3_000_000), { raw }).png({ compressionLevel: 9 }).toBuffer();
    expect(png.length).toBeLessThan(10_000);
    await expect(readPictureFile(await fileOf(png))).rejects.toThrow(
      /in\.png: has 1 x 1000000 pixels, one side is more than 100 times the other; cut out/,
    );
  });

  it("a picture with too many pixels by its header, before it is decoded", async () => {
    const png = Buffer.from(await encodePng(gradient(4, 4)));
    const header = Buffer.from(png.subarray(16, 29));
    header.writeUInt32BE(20_000, 0);
    header.writeUInt32BE(20_000, 4);
    const file = await fileOf(Buffer.concat([png.subarray(0, 8), chunk("IHDR", header), png.subarray(33)]));
    await expect(readPictureFile(file)).rejects.toThrow(/has 20000 x 20000 pixels, at most 67108864 fit into memory/);
  });

  it.each(["in.svg", "in.png"])("SVG as %s", async (name) => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>';
    await expect(readPictureFile(await fileOf(svg, name))).rejects.toThrow(
      /not a picture that can be read .*; give a PNG/,
    );
  });

  it("a format that is not named", async () => {
    await expect(readPictureFile(await fileOf("P6 1 1 255 abc"))).rejects.toThrow("not a picture that can be read");
  });

  it("a file that is larger than any picture, without reading it", async () => {
    const file = await fileOf("");
    await truncate(file, 2 ** 32);
    await expect(readPictureFile(file)).rejects.toThrow(/in\.png: is larger than 256 MiB, the most that is read/);
  });
});

describe("readPictureFile reads", () => {
  it.each(["png", "jpeg", "webp", "gif", "avif", "tiff"] as const)("%s, whatever the file's name", async (format) => {
    const { width, height, data } = gradient(12, 9);
    const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    expect(await readPictureFile(await fileOf(bytes, "in.txt"))).toMatchObject({ width, height });
  });

  it("a PNG with gigabytes of compressed texts, without inflating them", async () => {
    const text = Buffer.concat([Buffer.from("Comment\0\0"), deflateSync(Buffer.alloc(8_000_000, 65), { level: 9 })]);
    const picture = gradient(8, 8);
    const bytes = withChunks(await encodePng(picture), Array(300).fill(chunk("zTXt", text)) as Buffer[]);
    const file = await fileOf(bytes);
    const before = peakMb();
    expect(await readPictureFile(file)).toEqual(picture);
    expect(peakMb() - before).toBeLessThan(200); // the texts alone would take 2,400
  });

  it("a PNG that is cut off in the middle of a text as one that is broken", async () => {
    const bytes = await encodePng(gradient(8, 8), { parameters: "a red cube" });
    await expect(readPictureFile(await fileOf(bytes.subarray(0, 50)))).rejects.toThrow(
      "not a picture that can be read",
    );
  });
});
