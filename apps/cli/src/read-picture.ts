import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { UnclipError, type Picture } from "unclip";

/** Reads a picture file as 8-bit RGB, as Pillow's `convert("RGB")` does. A camera's turning is undone, transparency is left out,
 * of 16 bits the high 8 are kept, and inks are multiplied without a profile.
 * @throws UnclipError "input" if there is no such file, or it holds no picture */
export async function readPictureFile(path: string): Promise<Picture> {
  const bytes = await readFileBytes(path);
  try {
    const { space } = await sharp(bytes).metadata();
    return space === "cmyk" ? await readInks(bytes) : await decodePicture(bytes);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new UnclipError(
      "input",
      `${path}: not a picture that can be read (${reason}); give a PNG, JPEG, WebP, GIF, AVIF or TIFF file`,
      { cause },
    );
  }
}

/** The bytes of a picture file.
 * @throws UnclipError "input" if there is no such file */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new UnclipError("input", `${path}: cannot be read; give the path of a picture file`, { cause });
  });
}

/** The bytes of a picture file in light, not ink, as 8-bit RGB. */
export async function decodePicture(bytes: Uint8Array): Promise<Picture> {
  const image = sharp(bytes).rotate().toColourspace("srgb").removeAlpha();
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** Cyan, magenta, yellow and black: red = (255 - cyan) (255 - black) / 255, and so on. */
async function readInks(bytes: Uint8Array): Promise<Picture> {
  const image = sharp(bytes).rotate().pipelineColourspace("cmyk").toColourspace("cmyk");
  const { data: inks, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const data = new Uint8Array(info.width * info.height * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3) * 4;
    data[i] = Math.round(((255 - inks[pixel + (i % 3)]!) * (255 - inks[pixel + 3]!)) / 255);
  }
  return { width: info.width, height: info.height, data };
}
