import { quote } from "unclip";

/** A path as a message quotes it: on one line, without anything that a terminal obeys, cut after 300 characters. */
export function quotePath(path: string): string {
  return quote(path, { max: 300 });
}
