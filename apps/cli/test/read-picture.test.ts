import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { fixturePath, largestDifference, readFixture, readFixtureTensors } from "../../../test-support/index.js";
import { readPictureFile } from "../src/read-picture.js";

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
