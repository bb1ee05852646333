import { UnclipError } from "./errors.js";

/** The bytes that every PNG file begins with. */
export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const encoder = new TextEncoder();

/** The IHDR chunk of 8-bit RGB: deflate, adaptive filters, not interlaced. */
export function headerChunk(width: number, height: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8);
  return chunk("IHDR", header);
}

/** An iTXt chunk for each text, by keyword.
 * @param where for messages
 * @throws UnclipError "input" if a keyword or a text breaks PNG's rules */
export function textChunks(where: string, text: Readonly<Record<string, string>>): Uint8Array[] {
  return Object.entries(text).map(([keyword, value]) => chunk("iTXt", internationalText(where, keyword, value)));
}

/** A chunk: length, type, data, CRC-32 of type and data. */
export function chunk(type: string, data: Uint8Array): Uint8Array {
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

/** The data of an iTXt chunk, not compressed, without language tag and translated keyword. */
function internationalText(where: string, keyword: string, text: string): Uint8Array {
  checkKeyword(where, keyword);
  if (text.includes("\0") || /\p{Surrogate}/u.test(text)) {
    throw new UnclipError(
      "input",
      `${where}: the text for "${keyword}" holds a NUL or half of a surrogate pair; leave it out`,
    );
  }
  const latin1 = Uint8Array.from(keyword, (character) => character.charCodeAt(0));
  return concat([latin1, new Uint8Array(5), encoder.encode(text)]); // NUL, flag 0, method 0, empty tag NUL, empty translation NUL
}

function checkKeyword(where: string, keyword: string): void {
  const isPrintable = /^[\x20-\x7e\xa1-\xff]{1,79}$/.test(keyword);
  if (isPrintable && keyword.trim() === keyword && !keyword.includes("  ")) return;
  throw new UnclipError(
    "input",
    `${where}: expected a keyword of 1 to 79 printable Latin-1 characters without leading, trailing or doubled spaces, got ${JSON.stringify(keyword)}`,
  );
}

/** Deflated, in a zlib container. */
export async function zlib(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const deflated = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(deflated).arrayBuffer());
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
