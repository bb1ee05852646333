import { UnclipError } from "./errors.js";
import { checkPicture, type Picture } from "./picture.js";

/** What browsers hold pictures in. */
export type BrowserPicture = ImageData | ImageBitmap | Blob | HTMLCanvasElement | OffscreenCanvas;

/** The largest picture that is read, 8192 x 8192: with its copies it takes half a gigabyte, and CLIP looks at a small copy of it. */
const MOST_PIXELS = 2 ** 26;

/** A picture as a canvas takes it: red, green, blue and an alpha of 255. For browsers.
 * @throws UnclipError "input" if the picture's size and data disagree, or there is no ImageData here */
export function toImageData(picture: Picture): ImageData {
  checkPicture("toImageData", picture);
  if (typeof ImageData === "undefined") throw noBrowser("toImageData");
  const { width, height, data } = picture;
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    rgba[to] = data[from]!;
    rgba[to + 1] = data[from + 1]!;
    rgba[to + 2] = data[from + 2]!;
  }
  return new ImageData(rgba, width, height);
}

/** A browser's picture as 8-bit RGB: pixels, a bitmap, a canvas, or a file that a person dropped, pasted or chose. A camera's turning is
 * undone; what is transparent lies on white. For browsers.
 * @throws UnclipError "input" if the file holds no picture that this browser reads, or one larger than 8192 x 8192 pixels */
export async function readPicture(source: BrowserPicture): Promise<Picture> {
  if ("data" in source) return fromRgba(source);
  if (typeof OffscreenCanvas === "undefined") throw noBrowser("readPicture");
  if (!(source instanceof Blob)) return fromDrawable(source);
  const bitmap = await decode(source);
  try {
    return fromDrawable(bitmap);
  } finally {
    bitmap.close();
  }
}

async function decode(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file);
  } catch (cause) {
    const what = "name" in file ? String(file.name) : "picture";
    const type = file.type === "" ? "" : ` (${file.type})`;
    throw new UnclipError(
      "input",
      `${what}: not a picture that this browser reads${type}; give a PNG, JPEG or WebP file`,
      {
        cause,
      },
    );
  }
}

function fromDrawable(drawable: ImageBitmap | HTMLCanvasElement | OffscreenCanvas): Picture {
  const { width, height } = drawable;
  checkSize(width, height);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(drawable, 0, 0);
  return fromRgba(context.getImageData(0, 0, width, height));
}

function fromRgba({ width, height, data: rgba }: Pick<ImageData, "width" | "height" | "data">): Picture {
  checkSize(width, height);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    const alpha = rgba[from + 3]! / 255;
    for (let c = 0; c < 3; c++) data[to + c] = Math.round(255 + (rgba[from + c]! - 255) * alpha);
  }
  return { width, height, data };
}

function checkSize(width: number, height: number): void {
  if (width >= 1 && height >= 1 && width * height <= MOST_PIXELS) return;
  const reason = `expected 1 to ${MOST_PIXELS}`;
  throw new UnclipError("input", `readPicture: has ${width} x ${height} pixels, ${reason}; give another size`);
}

function noBrowser(name: string): UnclipError {
  return new UnclipError(
    "input",
    `${name}: works in browsers alone; in Node decode files with a library such as sharp`,
  );
}
