import { relative } from "node:path";
import { quote } from "unclip";

/** A path for people: relative if the file is in or below the current folder, absolute if it is not, and on one line. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return quote(fromHere.startsWith("..") ? path : fromHere, { max: Infinity });
}
