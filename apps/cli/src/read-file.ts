import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { quote, UnclipError } from "unclip";
import { quotePath } from "./quote-path.js";

/** What a file is read for. */
export interface ReadFileOptions {
  /** The largest size that is read, in bytes. */
  readonly mostBytes: number;
  /** What to give instead, for messages: "give the path of a picture file". */
  readonly cure: string;
  /** The setting that named the file, for messages; default none. */
  readonly setting?: string;
}

/** The bytes of a file, a pipe, or whatever else has a path; reading stops where the limit is passed.
 * @throws UnclipError "input" if it cannot be read, or is larger than the limit */
export async function readFileBytes(path: string, { mostBytes, cure, setting }: ReadFileOptions): Promise<Buffer> {
  const where = `${setting === undefined ? "" : `${setting}: `}${quotePath(path)}`;
  const tooLarge = new UnclipError(
    "input",
    `${where}: is larger than ${mostBytes / 2 ** 20} MiB, the most that is read; ${cure}`,
  );
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size > mostBytes) throw tooLarge;
  const parts: Buffer[] = [];
  try {
    for await (const part of createReadStream(path, { end: mostBytes })) parts.push(part as Buffer); // one byte too many
  } catch (cause) {
    throw new UnclipError("input", `${where}: cannot be read (${reasonOf(cause)}); ${cure}`, { cause });
  }
  const bytes = Buffer.concat(parts);
  if (bytes.length <= mostBytes) return bytes;
  throw tooLarge; // a pipe, or a file that grew
}

/** The lines of a text file that hold anything, trimmed, each with its number from 1.
 * @throws UnclipError "input" if it cannot be read, is larger than the limit, or holds a NUL character, which no text does */
export async function readLines(
  path: string,
  options: ReadFileOptions,
): Promise<{ readonly text: string; readonly number: number }[]> {
  const text = (await readFileBytes(path, options)).toString("utf8").replace(/^\ufeff/, "");
  const lines = text.split(/\r?\n/).map((line, i) => ({ text: line.trim(), number: i + 1 }));
  const withNul = lines.find((line) => line.text.includes("\0"));
  if (withNul !== undefined) {
    const where = `${quotePath(path)}: line ${withNul.number}`;
    throw new UnclipError("input", `${where} holds a NUL character; is this a text file?`);
  }
  return lines.filter((line) => line.text !== "");
}

/** The reasons that people meet, by the system's name for them. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "this is a folder",
  EACCES: "no permission",
  EPERM: "no permission",
  ENAMETOOLONG: "the name is too long",
  ENOSPC: "no space is left",
};

/** Why the file system refused, in words. */
export function reasonOf(cause: unknown): string {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? quote(message);
}
