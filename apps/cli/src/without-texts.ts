const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** Chunks that hold texts. */
const TEXTS = ["tEXt", "zTXt", "iTXt"];

/** A PNG file without its texts; another file as it is. Decoders inflate the texts although nobody asked for them, and a file of 2 MB can
 * hold texts of gigabytes. */
export function withoutTexts(file: Buffer): Buffer {
  if (!file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return file;
  const parts: Buffer[] = [SIGNATURE];
  for (let at = SIGNATURE.length; at < file.length;) {
    const end = at + 12 > file.length ? file.length : at + 12 + file.readUInt32BE(at);
    if (!TEXTS.includes(file.toString("latin1", at + 4, at + 8))) parts.push(file.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}
