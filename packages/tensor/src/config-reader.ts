import { UnclipError } from "./errors.js";

/** Reads typed fields of a config.json. Each method takes the key and the class's default for files that lack it;
 * without a default the key is required. A wrong type is UnclipError "config" naming file and key. */
export interface ConfigReader {
  number(key: string, fallback?: number): number;
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
  const read = <T>(key: string, expected: string, fits: (value: unknown) => boolean, fallback: T | undefined): T => {
    const value = key in json ? json[key] : fallback;
    if (fits(value)) return value as T;
    const got = value === undefined ? "nothing" : JSON.stringify(value);
    throw new UnclipError("config", `${where}: ${key}: expected ${expected}, got ${got}`);
  };
  const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
  const isString = (value: unknown) => typeof value === "string";
  const isListOf = (fits: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(fits);
  return {
    number: (key, fallback) => read(key, "a number", isNumber, fallback),
    string: (key, fallback) => read(key, "a string", isString, fallback),
    flag: (key, fallback) => read(key, "true or false", (value) => typeof value === "boolean", fallback),
    numbers: (key, fallback) => read(key, "a list of numbers", isListOf(isNumber), fallback),
    strings: (key, fallback) => read(key, "a list of strings", isListOf(isString), fallback),
    optional: (key) =>
      json[key] === undefined || json[key] === null ? undefined : read(key, "a number", isNumber, undefined),
    only(key, ...supported) {
      const value = json[key] ?? undefined;
      if (value === undefined || supported.includes(value)) return;
      const expected = supported.map((item) => JSON.stringify(item)).join(" or ") || "nothing";
      throw new UnclipError(
        "config",
        `${where}: ${key} ${JSON.stringify(value)} is not supported; expected ${expected}`,
      );
    },
    exactly(key, expected) {
      const [got, wanted] = [JSON.stringify(json[key] ?? null), JSON.stringify(expected)];
      if (got !== wanted)
        throw new UnclipError("config", `${where}: ${key} ${got} is not supported; expected ${wanted}`);
    },
  };
}
