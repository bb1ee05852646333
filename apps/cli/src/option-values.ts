import { InvalidArgumentError } from "commander";
import { MOST_PICTURES, parseSampler as parseSamplerSpec, type SamplerSpec } from "unclip";
import { extname, join } from "node:path";

/** An integer as torch.manual_seed takes it, from -2^63 to 2^64 - 1; a bigint where a number would not be exact.
 * @throws InvalidArgumentError for anything else */
export function parseSeed(text: string): number | bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new InvalidArgumentError("Expected an integer, such as 7.");
  const seed = BigInt(text.replace("+", ""));
  if (seed < -(2n ** 63n) || seed >= 2n ** 64n)
    throw new InvalidArgumentError("Expected an integer from -2^63 to 2^64 - 1.");
  return Number.isSafeInteger(Number(seed)) ? Number(seed) : seed;
}

/** An integer of 1 or more.
 * @throws InvalidArgumentError for anything else */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("Expected an integer of 1 or more.");
  }
  return count;
}

/** How many pictures one run paints.
 * @throws InvalidArgumentError for anything but an integer from 1 to 64 */
export function parsePictures(text: string): number {
  const count = parseCount(text);
  if (count <= MOST_PICTURES) return count;
  throw new InvalidArgumentError(
    `Expected at most ${MOST_PICTURES}, because all pictures are in memory at once; paint the rest with another seed.`,
  );
}

/** Corrections of each step of an inversion.
 * @throws InvalidArgumentError for anything but an integer from 0 to 20 */
export function parseRefinements(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 20) return Number(text);
  throw new InvalidArgumentError("Expected an integer from 0 to 20.");
}

/** How much an image embedding is noised. How far a model goes is its own.
 * @throws InvalidArgumentError for anything but an integer from 0 on */
export function parseNoiseLevel(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected an integer from 0 on, such as 100.");
}

/** A number of threads.
 * @throws InvalidArgumentError for anything but an integer from 1 to 1024 */
export function parseThreads(text: string): number {
  const threads = parseCount(text);
  if (threads <= 1024) return threads;
  throw new InvalidArgumentError("Expected at most 1024.");
}

/** A number of upsamplers, from 0 to more than any model has.
 * @throws InvalidArgumentError for anything else */
export function parseUpsamplers(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("Expected an integer from 0 to 99.");
  return Number(text);
}

/** Integers of 1 or more with commas between them.
 * @throws InvalidArgumentError for anything else */
export function parseCounts(text: string): number[] {
  try {
    return text.split(",").map(parseCount);
  } catch {
    throw new InvalidArgumentError("Expected integers of 1 or more, such as 7 or 7,7.");
  }
}

/** A guidance scale: 1 is off, 0 leaves the caption out. A scale below 0 would lead away from the caption,
 * which nobody means by guidance.
 * @throws InvalidArgumentError for anything but a number of 0 or more */
export function parseGuidance(text: string): number {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text))
    throw new InvalidArgumentError("Expected a number of 0 or more, such as 4 or 7.5; 1 is off.");
  return Number(text);
}

/** Two timesteps, the lower first. How far a model's go is its own.
 * @throws InvalidArgumentError for anything else */
export function parseInterval(text: string): [low: number, high: number] {
  const [, low, high] = (/^(\d{1,6}),(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (low !== undefined && high !== undefined && low <= high) return [low, high];
  throw new InvalidArgumentError("Expected two timesteps, the lower first, such as 200,800.");
}

/** A sampler with its options, such as "ddim:eta=0.5".
 * @throws InvalidArgumentError for an unknown sampler or option */
export function parseSampler(text: string): SamplerSpec {
  try {
    return parseSamplerSpec(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** A number from 0 to 1.
 * @throws InvalidArgumentError for anything else */
export function parseShare(text: string): number {
  if (isShare(text)) return Number(text);
  throw new InvalidArgumentError("Expected a number from 0 to 1, such as 0.5.");
}

/** An error to keep to, or none.
 * @throws InvalidArgumentError for anything but a number from 0 to 1 or the word none */
export function parseTolerance(text: string): number | "none" {
  if (text === "none") return text;
  if (isShare(text)) return Number(text);
  throw new InvalidArgumentError("Expected a number from 0 to 1, such as 0.01, or none.");
}

function isShare(text: string): boolean {
  return /^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) <= 1;
}

/** The name of a PNG file.
 * @throws InvalidArgumentError for a name that does not end in .png */
export function parsePngName(text: string): string {
  if (extname(text).toLowerCase() === ".png" && !/[/\\]$/.test(text)) return text;
  throw new InvalidArgumentError(`Expected the name of a PNG file, such as ${join(text, "picture.png")}.`);
}

/** The name of a PNG file or of an animation.
 * @throws InvalidArgumentError for a name that does not end in .png, .apng or .gif */
export function parseFilmName(text: string): string {
  if (/[^/\\]\.(png|apng|gif)$/i.test(text)) return text;
  throw new InvalidArgumentError("Expected the name of a .png, .apng or .gif file, such as film.apng.");
}

/** Milliseconds from 10, below which programs go slower than a GIF says, to a minute.
 * @throws InvalidArgumentError for anything else */
export function parseDelay(text: string): number {
  const delayMs = Number(text);
  if (/^\d+$/.test(text) && delayMs >= 10 && delayMs <= 60_000) return delayMs;
  throw new InvalidArgumentError("Expected milliseconds from 10 to 60000.");
}

/** Numbers with commas between them.
 * @throws InvalidArgumentError for anything else */
export function parseWeights(text: string): number[] {
  const weights = text.split(",").map((word) => (word.trim() === "" ? NaN : Number(word)));
  if (weights.every(Number.isFinite)) return weights;
  throw new InvalidArgumentError("Expected a number for each picture and caption, such as 0.7,0.3.");
}

/** The name of a file with an extension.
 * @throws InvalidArgumentError for a name that does not end in it */
export function parseFileName(text: string, extension: string): string {
  if (extname(text).toLowerCase() === extension && !/[/\\]$/.test(text)) return text;
  throw new InvalidArgumentError(`Expected the name of a file that ends in ${extension}, such as report${extension}.`);
}

/** A seed that has room for the seeds after it.
 * @throws InvalidArgumentError for anything but an integer from 0 to 2^31 - 1 */
export function parseSmallSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 31) return seed;
  throw new InvalidArgumentError("Expected an integer from 0 to 2147483647.");
}

/** The name of a JSON file.
 * @throws InvalidArgumentError for a name that does not end in .json */
export function parseJsonName(text: string): string {
  if (extname(text).toLowerCase() === ".json") return text;
  throw new InvalidArgumentError(`Expected the name of a JSON file, such as ${text}.json.`);
}
