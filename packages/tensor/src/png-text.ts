import { UnclipError } from "./errors.js";
import { PNG_SIGNATURE } from "./png-chunks.js";

/** The largest text that is read, in bytes: a recipe takes some thousand. */
const MOST_TEXT_BYTES = 16 * 2 ** 20;

/** The texts of a PNG file by keyword: its iTXt chunks that are not compressed, as `encodePng` writes them.
 * @param where the file's name, for messages
 * @throws UnclipError "input" if the bytes are no PNG file, or a text is larger than any recipe */
export function readPngTexts(bytes: Uint8Array, where: string): Record<string, string> {
  if (!PNG_SIGNATURE.every((byte, i) => bytes[i] === byte))
    throw new UnclipError("input", `${where}: this is not a PNG file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: Record<string, string> = {};
  for (let at = PNG_SIGNATURE.length; at + 8 <= bytes.length;) {
    const [start, length] = [at + 8, view.getUint32(at)];
    if (String.fromCharCode(...bytes.subarray(at + 4, start)) === "iTXt") {
      if (start + length > bytes.length) throw new UnclipError("input", `${where}: the file is cut off; copy it again`);
      if (length > MOST_TEXT_BYTES) {
        throw new UnclipError(
          "input",
          `${where}: holds a text of ${length} bytes; no recipe is larger than ${MOST_TEXT_BYTES}`,
        );
      }
      const [keyword, text] = textOf(bytes.subarray(start, start + length)) ?? [];
      if (keyword !== undefined) texts[keyword] = text!;
    }
    at = start + length + 4;
  }
  return texts;
}

/** Keyword and text of an iTXt chunk: keyword, NUL, flag, method, language, NUL, translated keyword, NUL, text. */
function textOf(data: Uint8Array): [string, string] | undefined {
  const keywordEnd = data.indexOf(0);
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translationEnd = data.indexOf(0, languageEnd + 1);
  const isCompressed = data[keywordEnd + 1] !== 0;
  if (keywordEnd < 1 || languageEnd < 0 || translationEnd < 0 || isCompressed) return undefined;
  const keyword = String.fromCharCode(...data.subarray(0, Math.min(keywordEnd, 79)));
  return [keyword, new TextDecoder().decode(data.subarray(translationEnd + 1))];
}
