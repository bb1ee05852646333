import { quote, UnclipError } from "@unclip/tensor";
import type { Clipping } from "../prediction.js";
import type { TimestepSpacing } from "../timesteps.js";

interface About<T> {
  /** What the option does, in one line. */
  readonly meaning: string;
  /** What stands for it where it is left out; absent if nothing does. */
  readonly default?: T;
  /** Whether it cannot be left out. */
  readonly required?: true;
}

/** A finite number. */
export interface NumberOption extends About<number> {
  readonly kind: "number";
  /** Least value. */
  readonly min?: number;
  /** A bound that the value lies above. */
  readonly above?: number;
  /** Greatest value. */
  readonly max?: number;
}

/** A whole number. */
export interface IntegerOption extends About<number> {
  readonly kind: "integer";
  readonly min: number;
  readonly max?: number;
}

/** One out of some words. */
export interface ChoiceOption<T extends string = string> extends About<T> {
  readonly kind: "choice";
  readonly choices: readonly T[];
}

/** true or false. */
export interface FlagOption extends About<boolean> {
  readonly kind: "flag";
}

/** A list of finite numbers from `min` on. */
export interface NumbersOption extends About<readonly number[]> {
  readonly kind: "numbers";
  readonly min: number;
}

/** A record of fields. */
export interface ObjectOption extends About<object> {
  readonly kind: "object";
  readonly fields: OptionFields;
}

/** A record whose field `kind` decides which others it has. */
export interface UnionOption extends About<object> {
  readonly kind: "union";
  readonly cases: Readonly<Record<string, OptionFields>>;
}

/** What an option of a sampler is: plain data, from which its value is checked and its help is written. */
export type SamplerOption =
  NumberOption | IntegerOption | ChoiceOption | FlagOption | NumbersOption | ObjectOption | UnionOption;

/** Options by name. */
export type OptionFields = Readonly<Record<string, SamplerOption>>;

type OptionOf<T> = [T] extends [boolean]
  ? FlagOption
  : [T] extends [string]
    ? ChoiceOption<T>
    : [T] extends [number]
      ? NumberOption | IntegerOption
      : [T] extends [readonly number[]]
        ? NumbersOption
        : ObjectOption | UnionOption;

/** Every option of O; all but `Open` have a default. */
export type OptionTable<O, Open extends keyof O = never> = {
  readonly [K in keyof O]-?: OptionOf<NonNullable<O[K]>> &
    (K extends Open ? { readonly default?: undefined } : { readonly default: NonNullable<O[K]> });
};

/** Options with their defaults filled in.
 * @param name the sampler's, for messages
 * @throws UnclipError "input" for an option that the table lacks, a value that does not fit, or a required one that is missing */
export function readOptions<O extends object, Open extends keyof O>(
  name: string,
  table: OptionTable<O, Open>,
  options: O,
): O & Required<Omit<O, Open>> {
  const fields = table as unknown as OptionFields;
  checkOptions(name, fields, options);
  checkRequired(`sampler ${name}`, fields, options);
  const defaults = Object.entries(fields).map(([key, option]) => [key, option.default] as const);
  return { ...Object.fromEntries(defaults), ...given(options) } as O & Required<Omit<O, Open>>;
}

/** Throws unless every option that is given is in the table and fits it.
 * @throws UnclipError "input" */
export function checkOptions(name: string, table: OptionFields, options: object): void {
  checkFields(`sampler ${name}`, table, options);
}

/** What fits an option, in words: "a number from 0". */
export function describeOption(option: SamplerOption): string {
  switch (option.kind) {
    case "number":
      return `a number${bounds(option)}`;
    case "integer":
      return `a whole number${bounds(option)}`;
    case "choice":
      return alternatives(option.choices);
    case "flag":
      return "true or false";
    case "numbers":
      return `a list of numbers${bounds(option)}`;
    case "object":
      return `an object of ${Object.keys(option.fields).join(", ")}`;
    case "union":
      return `an object whose kind is ${alternatives(Object.keys(option.cases))}`;
  }
}

interface Bounds {
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
}

function bounds({ min, above, max }: Bounds): string {
  const least = min === undefined ? "" : ` from ${min}`;
  const from = above === undefined ? least : ` above ${above}`;
  return max === undefined ? from : `${from} to ${max}`;
}

function alternatives(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function checkFields(where: string, fields: OptionFields, values: object): void {
  for (const [key, value] of Object.entries(given(values))) {
    if (!Object.hasOwn(fields, key)) {
      const known = Object.keys(fields).join(", ") || "none";
      throw new UnclipError("input", `${where}: no option ${shown(key)}; it takes ${known}`);
    }
    checkValue(`${where}: ${key}`, fields[key]!, value);
  }
}

/** Throws if a required option is missing.
 * @throws UnclipError "input" */
export function checkRequired(where: string, fields: OptionFields, values: object): void {
  const has = given(values);
  for (const [key, { required, meaning }] of Object.entries(fields)) {
    if (required && !Object.hasOwn(has, key)) throw new UnclipError("input", `${where}: needs ${key}: ${meaning}`);
  }
}

function checkValue(where: string, option: SamplerOption, value: unknown): void {
  if (!fits(option, value)) {
    throw new UnclipError("input", `${where}: expected ${describeOption(option)}, got ${shown(value)}`);
  }
  if (option.kind === "object") {
    checkFields(where, option.fields, value as object);
    checkRequired(where, option.fields, value as object);
  } else if (option.kind === "union") {
    const { kind, ...rest } = value as { readonly kind: string };
    checkFields(where, option.cases[kind]!, rest);
    checkRequired(where, option.cases[kind]!, rest);
  }
}

/** Whether a value is of the option's type and in its range; fields of objects are left to {@link checkFields}. */
function fits(option: SamplerOption, value: unknown): boolean {
  switch (option.kind) {
    case "number":
    case "integer":
      return isNumberIn(option, value) && (option.kind === "number" || Number.isInteger(value));
    case "choice":
      return (option.choices as readonly unknown[]).includes(value);
    case "flag":
      return typeof value === "boolean";
    case "numbers":
      return Array.isArray(value) && value.every((item) => isNumberIn(option, item));
    case "object":
      return isRecord(value);
    case "union":
      return isRecord(value) && typeof value["kind"] === "string" && Object.hasOwn(option.cases, value["kind"]);
  }
}

function isNumberIn({ min = -Infinity, above = -Infinity, max = Infinity }: Bounds, value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= min && (value as number) > above && (value as number) <= max;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a message quotes it, on one line of at most 60 characters. */
export function shown(value: unknown): string {
  return quote(typeof value === "string" || typeof value === "object" ? inJson(value) : value, { max: 60 });
}

function inJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "an object that is not plain data";
  }
}

/* Options that several samplers have. They are functions, so that a bundle of one sampler holds no others' options. */

/** Range of x_0, with its default. */
export const clippingOption = (fallback: Clipping) =>
  ({
    kind: "union",
    meaning: "how the predicted x_0 is kept in range; a model's own where it is left out beside a model",
    default: fallback,
    cases: {
      none: {},
      range: { range: { kind: "number", above: 0, required: true, meaning: "clamps x_0 to [-range, range]" } },
      dynamic: {
        ratio: { kind: "number", min: 0, max: 1, required: true, meaning: "quantile of |x_0| that x_0 is clamped to" },
        max: { kind: "number", min: 1, meaning: "greatest value of that quantile; without it there is none" },
      },
    },
  }) as const satisfies UnionOption;

/** Rule for the timesteps, out of those that the sampler has. */
export const spacingOption = <T extends TimestepSpacing>(fallback: NoInfer<T>, ...choices: readonly T[]) =>
  ({ kind: "choice", choices, default: fallback, meaning: "rule for the timesteps" }) as const;

/** All rules for the timesteps. */
export const anySpacingOption = (fallback: TimestepSpacing) =>
  spacingOption<TimestepSpacing>(fallback, "unclip", "linspace", "leading", "trailing");

/** What "leading" timesteps are shifted by. */
export const stepsOffsetOption = () =>
  ({ kind: "integer", min: 0, default: 0, meaning: "added to every timestep of leading spacing" }) as const;

/** How far a step goes. */
export const previousOption = () =>
  ({
    kind: "choice",
    choices: ["list", "stride"],
    default: "list",
    meaning: "a step goes to the next timestep of the list, or back by floor(T / N) as diffusers does",
  }) as const;

/** ᾱ where a run ends. */
export const setAlphaToOneOption = <T extends boolean>(fallback: T) =>
  ({ kind: "flag", default: fallback, meaning: "ᾱ after the last step is 1 rather than ᾱ_0" }) as const;
