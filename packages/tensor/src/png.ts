import { UnclipError } from "./errors.js";
import { checkPicture, type Picture } from "./picture.js";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const bytesPerPixel = 3;
const encoder = new TextEncoder();

/** A picture as the bytes of a PNG file: 8-bit RGB, not interlaced. The same code runs in Node and in browsers.
 * @param picture width * height * 3 bytes
 * @param text keyword to text, written as iTXt chunks in front of the pixels: keywords of 1 to 79 printable Latin-1
 *   characters without leading, trailing or doubled spaces; any text without NUL characters
 * @throws UnclipError "input" if the picture's size and data disagree, or a keyword or a text breaks the rules
 * @see Portable Network Graphics (PNG) Specification, third edition, 9 (filters), 11.3.3 (text), 12.7 (choice of filter) */
export async function encodePng(picture: Picture, text: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  checkPicture("encodePng", picture);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, picture.width);
  view.setUint32(4, picture.height);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits a channel, RGB, deflate, adaptive filters, not interlaced
  return concat([
    new Uint8Array(signature),
    chunk("IHDR", header),
    ...Object.entries(text).map(([keyword, value]) => chunk("iTXt", internationalText(keyword, value))),
    chunk("IDAT", await zlib(filterRows(picture))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** What a filter subtracts from a byte: a prediction from the bytes to the left (a), above (b), and above left (c). */
type Predictor = (a: number, b: number, c: number) => number;

/** The five filters of PNG; the index is the filter's number. */
const predictors: readonly Predictor[] = [() => 0, (a) => a, (_a, b) => b, (a, b) => (a + b) >> 1, paeth];

function paeth(a: number, b: number, c: number): number {
  const estimate = a + b - c;
  const toA = Math.abs(estimate - a);
  const toB = Math.abs(estimate - b);
  const toC = Math.abs(estimate - c);
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

/** Every row after its filter's number. Each row takes the filter whose residuals, read as signed bytes, have the smallest sum of magnitudes. */
function filterRows({ width, height, data }: Picture): Uint8Array<ArrayBuffer> {
  const stride = width * bytesPerPixel;
  const out = new Uint8Array(height * (stride + 1));
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * stride, (y + 1) * stride) as Uint8Array<ArrayBuffer>;
    out.set(smallestResiduals(row, above), y * (stride + 1));
    above = row;
  }
  return out;
}

function smallestResiduals(row: Uint8Array, above: Uint8Array): Uint8Array {
  let best = new Uint8Array(0);
  let bestSum = Infinity;
  predictors.forEach((predict, filter) => {
    const residuals = new Uint8Array(row.length + 1);
    residuals[0] = filter;
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
      const a = i < bytesPerPixel ? 0 : row[i - bytesPerPixel]!;
      const c = i < bytesPerPixel ? 0 : above[i - bytesPerPixel]!;
      const residual = (row[i]! - predict(a, above[i]!, c)) & 0xff;
      residuals[i + 1] = residual;
      sum += Math.min(residual, 256 - residual);
    }
    if (sum < bestSum) [best, bestSum] = [residuals, sum];
  });
  return best;
}

/** The data of an iTXt chunk, not compressed, without language tag and translated keyword. */
function internationalText(keyword: string, text: string): Uint8Array {
  checkKeyword(keyword);
  if (text.includes("\0") || /\p{Surrogate}/u.test(text)) {
    throw new UnclipError(
      "input",
      `encodePng: the text for "${keyword}" holds a NUL or half of a surrogate pair; leave it out`,
    );
  }
  const latin1 = Uint8Array.from(keyword, (character) => character.charCodeAt(0));
  return concat([latin1, new Uint8Array(5), encoder.encode(text)]); // NUL, flag 0, method 0, empty tag NUL, empty translation NUL
}

function checkKeyword(keyword: string): void {
  const isPrintable = /^[\x20-\x7e\xa1-\xff]{1,79}$/.test(keyword);
  if (isPrintable && keyword.trim() === keyword && !keyword.includes("  ")) return;
  throw new UnclipError(
    "input",
    `encodePng: expected a keyword of 1 to 79 printable Latin-1 characters without leading, trailing or doubled spaces, got ${JSON.stringify(keyword)}`,
  );
}

/** A chunk: length, type, data, CRC-32 of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concat([encoder.encode(type), data]);
  const out = new Uint8Array(body.length + 8);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(body, 4);
  view.setUint32(out.length - 4, crc32(body));
  return out;
}

/** CRC-32 of each byte, polynomial 0xedb88320 (reflected). */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Deflated, in a zlib container. */
async function zlib(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const deflated = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(deflated).arrayBuffer());
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
