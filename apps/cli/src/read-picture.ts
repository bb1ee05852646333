import sharp, { type Metadata, type Sharp } from "sharp";
import { isUnclipError, quote, UnclipError, type Picture } from "unclip";
import { quotePath } from "./quote-path.js";
import { readFileBytes } from "./read-file.js";
import { withoutTexts } from "./without-texts.js";

/** A file's content decides about its format, not its name. Other loaders of libvips stay closed, above all that of SVG, which draws
 * whatever its text asks for. */
const LOADERS = ["Png", "Jpeg", "Webp", "Nsgif", "Heif", "Tiff"].map((format) => `VipsForeignLoad${format}`);
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: LOADERS });

/** The largest picture that is decoded, 8192 x 8192: with its copies it takes half a gigabyte, and CLIP looks at some 224 x 224 of it. */
const MOST_PIXELS = 2 ** 26;
/** The largest file that is read, in bytes; those of cameras are far below. */
const MOST_FILE_BYTES = 2 ** 28;
/** CLIP's preprocessing enlarges the shorter side to 224 pixels, and the longer one with it, before it cuts out the middle. */
const MOST_ASPECT = 100;

const FORMATS = "a PNG, JPEG, WebP, GIF, AVIF or TIFF file";

/** Reads a picture file as 8-bit RGB, as Pillow's `convert("RGB")` does. A camera's turning is undone, transparency is left out,
 * of 16 bits the high 8 are kept, and inks are multiplied without a profile. Of an animation the first frame is read.
 * @throws UnclipError "input" if there is no such file, it holds no picture of the formats above, or one that is larger than 8192 x 8192
 * pixels or longer than 100 times its other side */
export function readPictureFile(path: string): Promise<Picture> {
  return withHeader(path, ({ space }, bytes) => (space === "cmyk" ? readInks(bytes) : decodePicture(bytes)));
}

/** A picture, and which of its pixels are transparent. */
export interface PictureWithAlpha {
  readonly picture: Picture;
  /** White where a pixel is more transparent than not, black elsewhere; absent where none is transparent. */
  readonly transparent?: Picture;
}

/** Reads a picture file as `readPictureFile` does, and its transparency besides.
 * @throws UnclipError as `readPictureFile` does */
export function readPictureWithAlpha(path: string): Promise<PictureWithAlpha> {
  return withHeader(path, async ({ space, hasAlpha }, bytes) => {
    const picture = await (space === "cmyk" ? readInks(bytes) : decodePicture(bytes));
    if (!hasAlpha) return { picture };
    const image = open(bytes).rotate().toColourspace("srgb").ensureAlpha();
    const rgba = await image.raw({ depth: "uchar" }).toBuffer();
    const data = Uint8Array.from(picture.data, (_, i) => (rgba[Math.floor(i / 3) * 4 + 3]! < 128 ? 255 : 0));
    return data.includes(255) ? { picture, transparent: { ...picture, data } } : { picture };
  });
}

/** Checks a picture file by its header: where there are many, each is decoded when its turn comes.
 * @throws UnclipError as `readPictureFile` does, but for what only decoding finds */
export function checkPictureFile(path: string): Promise<void> {
  return withHeader(path, () => undefined);
}

async function withHeader<T>(path: string, use: (header: Metadata, bytes: Buffer) => T | Promise<T>): Promise<T> {
  const bytes = withoutTexts(await readPictureBytes(path));
  const where = quotePath(path);
  try {
    const header = await sharp(bytes, { limitInputPixels: false }).metadata(); // decodes nothing
    checkSize(where, header.width, header.height);
    return await use(header, bytes);
  } catch (cause) {
    if (isUnclipError(cause)) throw cause;
    const reason = quote((cause as Error).message);
    throw new UnclipError("input", `${where}: not a picture that can be read (${reason}); give ${FORMATS}`, { cause });
  }
}

/** The bytes of a picture file.
 * @throws UnclipError "input" if there is no such file, or it is too large */
export function readPictureBytes(path: string): Promise<Buffer> {
  return readFileBytes(path, { mostBytes: MOST_FILE_BYTES, cure: `give the path of ${FORMATS}` });
}

/** Checks a picture's size before it is decoded.
 * @throws UnclipError "input" */
function checkSize(where: string, width: number, height: number): void {
  const size = `${width} x ${height} pixels`;
  if (width * height > MOST_PIXELS) {
    const reason = `at most ${MOST_PIXELS} fit into memory`;
    throw new UnclipError(
      "input",
      `${where}: has ${size}, ${reason}; make it smaller, CLIP looks at a small copy anyway`,
    );
  }
  if (Math.max(width, height) > MOST_ASPECT * Math.min(width, height)) {
    const reason = `one side is more than ${MOST_ASPECT} times the other`;
    throw new UnclipError(
      "input",
      `${where}: has ${size}, ${reason}; cut out the part that matters, CLIP looks at a square`,
    );
  }
}

/** The bytes of a picture file in light, not ink, as 8-bit RGB. */
export async function decodePicture(bytes: Uint8Array): Promise<Picture> {
  const image = open(bytes).rotate().toColourspace("srgb").removeAlpha();
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** Cyan, magenta, yellow and black: red = (255 - cyan) (255 - black) / 255, and so on. */
async function readInks(bytes: Uint8Array): Promise<Picture> {
  const image = open(bytes).rotate().pipelineColourspace("cmyk").toColourspace("cmyk");
  const { data: inks, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const data = new Uint8Array(info.width * info.height * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3) * 4;
    data[i] = Math.round(((255 - inks[pixel + (i % 3)]!) * (255 - inks[pixel + 3]!)) / 255);
  }
  return { width: info.width, height: info.height, data };
}

function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: MOST_PIXELS });
}
