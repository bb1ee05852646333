import { checkPicture, type Picture } from "./picture.js";
import { chunk, concat, headerChunk, PNG_SIGNATURE, textChunks, zlib } from "./png-chunks.js";
import { filterRows } from "./png-filter.js";

/** A picture as the bytes of a PNG file: 8-bit RGB, not interlaced. The same code runs in Node and in browsers.
 * @param picture width * height * 3 bytes
 * @param text keyword to text, written as iTXt chunks in front of the pixels: keywords of 1 to 79 printable Latin-1
 *   characters without leading, trailing or doubled spaces; any text without NUL characters
 * @throws UnclipError "input" if the picture's size and data disagree, or a keyword or a text breaks the rules
 * @see Portable Network Graphics (PNG) Specification, third edition, 9 (filters), 11.3.3 (text), 12.7 (choice of filter) */
export async function encodePng(picture: Picture, text: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  checkPicture("encodePng", picture);
  return concat([
    PNG_SIGNATURE,
    headerChunk(picture.width, picture.height),
    ...textChunks("encodePng", text),
    chunk("IDAT", await zlib(filterRows(picture))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
