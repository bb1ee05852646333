import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodeGif } from "../src/gif.js";

describe("encodeGif", () => {
  it("holds every frame, plays for ever, and keeps the time", async () => {
    const colours = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ];
    const frames = colours.map((colour) => ({
      width: 5,
      height: 4,
      data: Uint8Array.from({ length: 60 }, (_, i) => colour[i % 3]!),
    }));
    const file = await encodeGif(frames, 120);
    const image = sharp(file, { animated: true });
    expect(await image.metadata()).toMatchObject({
      format: "gif",
      width: 5,
      pageHeight: 4,
      pages: 3,
      loop: 0,
      delay: [120, 120, 120],
    });
    const data = await image.removeAlpha().raw().toBuffer();
    expect([0, 60, 120].map((at) => [...data.subarray(at, at + 3)])).toEqual(colours);
  });
});
