import type { Range } from "./config-ranges.js";
import { UnclipError } from "./errors.js";
import { quote } from "./quote.js";

/** Reads typed fields of a config.json. Each method takes the key and the class's default for files that lack it;
 * without a default the key is required. A wrong type or size is UnclipError "config" naming file and key. */
export interface ConfigReader {
  /** Any finite number, or one of a range. */
  number(key: string, fallback?: number, range?: Range): number;
  /** An integer of a range, which begins with 1 if it does not say otherwise. */
  whole(key: string, range: Range, fallback?: number): number;
  /** A list of such integers.
   * @param counts how many of them the list may have */
  wholes(key: string, range: Range, counts: Range, fallback?: readonly number[]): readonly number[];
  string(key: string, fallback?: string): string;
  flag(key: string, fallback?: boolean): boolean;
  numbers(key: string, fallback?: readonly number[]): readonly number[];
  strings(key: string, fallback?: readonly string[]): readonly string[];
  /** A number, or undefined where the file says null or nothing. */
  optional(key: string): number | undefined;
  /** Refuses the file unless the key is absent, null or one of `supported`: what it switches on is not built. */
  only(key: string, ...supported: readonly unknown[]): void;
  /** Refuses the file unless the value under `key` is there and is `expected`; lists item by item. */
  exactly(key: string, expected: unknown): void;
}

/** A reader of `json`.
 * @param where the file's name, for messages */
export function createConfigReader(json: Readonly<Record<string, unknown>>, where: string): ConfigReader {
  const valueOf = (key: string) => (Object.hasOwn(json, key) ? json[key] : undefined);
  const read = <T>(key: string, expected: string, fits: (value: unknown) => boolean, fallback: T | undefined): T => {
    const value = Object.hasOwn(json, key) ? json[key] : fallback;
    if (fits(value)) return value as T;
    throw new UnclipError("config", `${where}: ${key}: expected ${expected}, got ${describe(value)}`);
  };
  return {
    number: (key, fallback, range) => {
      const expected = range === undefined ? "a number" : `a number ${between(range)}`;
      return read(key, expected, (value) => isNumber(value) && isWithin(value, range), fallback);
    },
    whole: (key, range, fallback) => read(key, `an integer ${between(range)}`, isWholeOf(range), fallback),
    wholes: (key, range, counts, fallback) => {
      const expected = `${counts.min ?? 1} to ${counts.max} integers ${between(range)}`;
      const fits = (value: unknown) =>
        Array.isArray(value) && isWithin(value.length, counts) && value.every(isWholeOf(range));
      return read(key, expected, fits, fallback);
    },
    string: (key, fallback) => read(key, "a string", isString, fallback),
    flag: (key, fallback) => read(key, "true or false", (value) => typeof value === "boolean", fallback),
    numbers: (key, fallback) => read(key, "a list of numbers", isListOf(isNumber), fallback),
    strings: (key, fallback) => read(key, "a list of strings", isListOf(isString), fallback),
    optional: (key) => ((valueOf(key) ?? null) === null ? undefined : read(key, "a number", isNumber, undefined)),
    only(key, ...supported) {
      const value = valueOf(key) ?? undefined;
      if (value === undefined || supported.includes(value)) return;
      const expected = supported.map((item) => JSON.stringify(item)).join(" or ") || "nothing";
      throw new UnclipError("config", `${where}: ${key} ${describe(value)} is not supported; expected ${expected}`);
    },
    exactly(key, expected) {
      const value = valueOf(key) ?? null;
      const wanted = JSON.stringify(expected);
      if (JSON.stringify(value) === wanted) return;
      throw new UnclipError("config", `${where}: ${key} ${describe(value)} is not supported; expected ${wanted}`);
    },
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(fits: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(fits);
}

function isWithin(value: number, range: Range | undefined): boolean {
  return range === undefined || (value >= (range.min ?? 1) && value <= range.max);
}

function isWholeOf(range: Range): (value: unknown) => boolean {
  return (value) => Number.isSafeInteger(value) && isWithin(value as number, range);
}

function between({ min = 1, max }: Range): string {
  return `from ${min} to ${max}`;
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : quote(JSON.stringify(value));
}
