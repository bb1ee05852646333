import { UnclipError } from "./errors.js";
import { quote } from "./quote.js";
import type { Random } from "./random.js";
import type { TextFeatures } from "./text-features.js";

/** Throws unless `value` is an object that has all of `fields`: for what a caller gives, above all one without types.
 * @param where the name of the argument, for the message
 * @param expected what it should be, and what makes one
 * @throws UnclipError "input" */
export function checkArgument(where: string, value: unknown, fields: readonly string[], expected: string): void {
  if (typeof value === "object" && value !== null) {
    const missing = fields.find((field) => (value as Record<string, unknown>)[field] === undefined);
    if (missing === undefined) return;
    const got = "then" in value ? "a promise; is an await missing?" : `an object without ${missing}`;
    throw new UnclipError("input", `${where}: expected ${expected}, got ${got}`);
  }
  throw new UnclipError("input", `${where}: expected ${expected}, got ${nameOf(value)}`);
}

/** Throws unless `text` is what a text encoder gives.
 * @throws UnclipError "input" */
export function checkTextFeatures(where: string, text: TextFeatures): void {
  const fields = ["textEmbedding", "textStates", "textMask"];
  checkArgument(where, text, fields, `text features, { ${fields.join(", ")} }, as embed of a text encoder gives them`);
}

/** Throws unless `random` is a stream of random numbers.
 * @throws UnclipError "input" */
export function checkRandom(where: string, random: Random): void {
  checkArgument(where, random, ["normal", "uniform"], "random numbers, such as createRandom(seed) of @unclip/tensor");
}

/** Throws unless `values` is an array with at least one element.
 * @throws UnclipError "input" */
export function checkList(where: string, values: readonly unknown[], expected: string): void {
  if (Array.isArray(values) && values.length > 0) return;
  const got = Array.isArray(values) ? "an empty one" : nameOf(values);
  throw new UnclipError("input", `${where}: expected a list of ${expected}, got ${got}`);
}

/** Throws unless `value` is a text.
 * @throws UnclipError "input" */
export function checkString(where: string, value: unknown): asserts value is string {
  if (typeof value !== "string") throw new UnclipError("input", `${where}: expected a text, got ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "string") return `the text "${quote(value)}"`;
  if (typeof value === "object" && "then" in value) return "a promise; is an await missing?";
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}
