import { readFile } from "node:fs/promises";
import sharp from "sharp";

/** The size and the values of a picture file, without its alpha channel. */
export async function pixelsOf(path: string) {
  const { data, info } = await sharp(await readFile(path))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
