import { UnclipError } from "./errors.js";
import { quote } from "./quote.js";

/** Options of {@link parseRecord}. */
export interface ParseRecordOptions {
  /** Refuses what Python and JavaScript let pass: Infinity, NaN, and a key of the object that is there twice. Default false. */
  readonly strict?: boolean;
}

/** The depth at which Rust's reader of JSON stops, and with it that of safetensors. */
const MAX_DEPTH = 127;

/** The size of the largest header that safetensors allows; no config or vocabulary comes near it. */
const MAX_CHARACTERS = 100_000_000;

/** The JSON object that `text` holds. Infinity and NaN, which Python writes into JSON, are read as Infinity and null.
 * @param where the file's name, for messages
 * @throws UnclipError "config" if it is not JSON or not an object, is nested deeper than 127 levels or longer than 100,000,000 characters */
export function parseRecord(text: string, where: string, options: ParseRecordOptions = {}): Record<string, unknown> {
  const { strict = false } = options;
  if (text.length > MAX_CHARACTERS) {
    throw new UnclipError(
      "config",
      `${where}: expected ${MAX_CHARACTERS} characters of JSON at most, got ${text.length}`,
    );
  }
  const { depth, keys, standard } = scan(text);
  if (depth > MAX_DEPTH) {
    throw new UnclipError("config", `${where}: expected JSON nested ${MAX_DEPTH} levels deep at most, got ${depth}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(strict ? text : standard);
  } catch (cause) {
    const reason = quote((cause as Error).message, { max: 160 });
    throw new UnclipError("config", `${where}: not valid JSON (${reason}); download the file again`, { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    const got = Array.isArray(json) ? "an array" : quote(String(json));
    throw new UnclipError("config", `${where}: expected a JSON object, got ${got}`);
  }
  const got = Object.keys(json).length;
  if (strict && keys !== got) {
    throw new UnclipError("config", `${where}: expected each key once, got ${keys} keys of which ${got} differ`);
  }
  return json as Record<string, unknown>;
}

/** What a JSON text shows before it is parsed, in one pass.
 * @returns its depth; how many keys the outermost object has, repeated ones counted; and the text with 1e999, which reads as
 * Infinity, for Infinity, and null for NaN */
function scan(text: string): { depth: number; keys: number; standard: string } {
  const pieces: string[] = [];
  let [depth, deepest, keys, copied] = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = endOfString(text, i);
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
    else if (character === ":" && depth === 1) keys++;
    const word = character === "I" || character === "N" ? WORDS.find(([from]) => text.startsWith(from, i)) : undefined;
    if (word === undefined) continue;
    pieces.push(text.slice(copied, i), word[1]);
    copied = i + word[0].length;
    i = copied - 1;
  }
  return { depth: deepest, keys, standard: pieces.join("") + text.slice(copied) };
}

const WORDS = [
  ["Infinity", "1e999"],
  ["NaN", "null"],
] as const;

/** Where the string that begins at `start` ends: its closing quotation mark, or the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
