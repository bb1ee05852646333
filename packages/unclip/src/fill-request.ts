import { checkCacheInterval } from "@unclip/decoder";
import { checkGuidanceInterval, planSampling, type SchedulerConfig } from "@unclip/sampler";
import { checkPicture, pictureFromText, resizePicture, textFromPicture, UnclipError } from "@unclip/tensor";
import type { Defaults } from "./defaults.js";
import { demand } from "./features.js";
import type { LoadedModel } from "./operation.js";
import type {
  DecoderSettings,
  FilledDecoder,
  FilledRequest,
  NegativeSettings,
  PaintRequest,
  FilledStage,
  UpsamplerSettings,
} from "./request.js";
import type { Stages } from "./stages.js";

/** Pictures that one run paints together, all of them in memory at once. */
export const MOST_PICTURES = 64;

/** The keys that every request which paints may have, and those of a run. */
export const PAINT_KEYS = [
  "n",
  "seed",
  "negative",
  "preset",
  "width",
  "height",
  "noiseLevel",
  "depth",
  "decoder",
  "upsamplers",
  "random",
  "signal",
  "abortSignal",
];

/** What of a loaded model fills requests. */
export type FillingModel = Pick<LoadedModel, "stages" | "defaults" | "lacks" | "noiseLevels" | "size">;

/** How a request is filled. */
export interface FillOptions {
  /** Negative captions that there may be: one, or also one for each subject; default one. */
  readonly negatives?: "one" | "each";
}

/** Fills the gaps of a request from the model's defaults.
 * @param subjects how many captions or pictures it is about
 * @throws UnclipError "input" for a value that cannot be */
export function fillRequest(
  request: Omit<PaintRequest, "negative"> & NegativeSettings & { readonly random?: unknown },
  loaded: FillingModel,
  subjects: number,
  { negatives = "one" }: FillOptions = {},
): FilledRequest {
  const { stages, defaults, size } = loaded;
  const { n = 1, seed = 0, negative = "", preset, random, decoder = {} } = request;
  checkNegative(negative, negatives === "each" ? subjects : 1);
  if (subjects > MOST_PICTURES) {
    const reason = "all are painted at once and held in memory, so give the rest to another call";
    throw new UnclipError("input", `captions: expected at most ${MOST_PICTURES}, got ${subjects}; ${reason}`);
  }
  checkWhole("n", n, Math.floor(MOST_PICTURES / subjects));
  return {
    n,
    ...(random === undefined && { seed: recordSeed(seed) }),
    negative,
    ...(preset !== undefined && { preset }),
    ...size,
    ...fillNoiseLevel(request, loaded),
    ...fillDepth(request, loaded),
    decoder: fillDecoder(decoder, loaded),
    upsamplers: fillUpsamplers(request.upsamplers, stages, defaults),
  };
}

function fillDecoder(given: DecoderSettings, { stages, defaults }: FillingModel): FilledDecoder {
  checkKeys("decoder", given, ["steps", "guidanceScale", "guidanceInterval", "sampler", "cacheInterval"]);
  const { cacheInterval = defaults.decoder.cacheInterval } = given;
  if (cacheInterval !== undefined) checkCacheInterval("decoder.cacheInterval", cacheInterval);
  return {
    ...fillStage("decoder", given, defaults.decoder, stages.decoder.scheduler),
    ...(cacheInterval !== undefined && { cacheInterval }),
  };
}

function fillNoiseLevel(
  { noiseLevel }: Pick<PaintRequest, "noiseLevel">,
  loaded: FillingModel,
): Pick<FilledRequest, "noiseLevel"> {
  const { noiseLevels } = loaded;
  if (noiseLevel !== undefined) demand(loaded, "noiseLevel", "noiseLevel");
  if (noiseLevels === undefined) return {};
  const level = noiseLevel ?? 0;
  if (Number.isInteger(level) && level >= 0 && level < noiseLevels) return { noiseLevel: level };
  const most = noiseLevels - 1;
  throw new UnclipError("input", `noiseLevel: expected a whole number from 0 to ${most}, got ${String(level)}`);
}

function fillDepth({ depth }: Pick<PaintRequest, "depth">, loaded: FillingModel): Pick<FilledRequest, "depth"> {
  const { beside, decoder } = loaded.stages;
  if (depth !== undefined) demand(loaded, "depth", "depth");
  if (beside?.kind !== "depth") return {};
  if (depth === undefined) {
    throw new UnclipError("input", "depth: this model follows a depth picture; give one, or take a model without");
  }
  const { width, height } = decoder.space.size;
  if (typeof depth === "string") {
    pictureFromText(depth, { width, height }, "depth");
    return { depth };
  }
  checkPicture("depth", depth);
  return { depth: textFromPicture(resizePicture(depth, width, height)) };
}

/** Throws unless there is one negative caption, or one for each of `subjects`. */
function checkNegative(negative: unknown, subjects: number): void {
  if (!Array.isArray(negative)) return checkCaption("negative", negative);
  for (const caption of negative) checkCaption("negative", caption);
  if (negative.length === 1 || negative.length === subjects) return;
  const expected = subjects === 1 ? "one caption" : `one caption, or ${subjects}, one for each caption or picture`;
  throw new UnclipError("input", `negative: expected ${expected}, got ${negative.length}`);
}

/** The settings of a guided stage.
 * @param stage for messages: "decoder" gives "decoder.steps: expected ..." */
export function fillStage(
  stage: string,
  given: Pick<DecoderSettings, "steps" | "guidanceScale" | "guidanceInterval" | "sampler">,
  defaults: FilledStage,
  scheduler: SchedulerConfig | undefined,
): FilledStage {
  const { steps = defaults.steps, guidanceScale = defaults.guidanceScale } = given;
  const { guidanceInterval = defaults.guidanceInterval, sampler = defaults.sampler } = given;
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) {
    throw new UnclipError("input", `${stage}.guidanceScale: expected a number from 0 (1 is off), got ${guidanceScale}`);
  }
  if (scheduler !== undefined) planSampling(scheduler, stage, { steps, sampler }); // refused before work begins
  if (guidanceInterval !== undefined) checkInterval(`${stage}.guidanceInterval`, guidanceInterval, scheduler);
  return {
    steps,
    guidanceScale,
    ...(guidanceInterval !== undefined && { guidanceInterval }),
    ...(sampler !== undefined && { sampler }),
  };
}

function checkInterval(where: string, interval: unknown, scheduler: SchedulerConfig | undefined): void {
  if (scheduler !== undefined) return checkGuidanceInterval(where, interval, scheduler.schedule);
  throw new UnclipError("input", `${where}: only the diffusion prior goes along timesteps; leave it out`);
}

function fillUpsamplers(
  given: number | readonly UpsamplerSettings[] | undefined,
  { upsamplers }: Stages,
  defaults: Defaults,
): FilledRequest["upsamplers"] {
  const wanted = given ?? upsamplers.length;
  const list =
    typeof wanted === "number"
      ? Array.from({ length: checkUpsamplers(wanted, upsamplers.length) }, () => ({}))
      : wanted;
  if (!Array.isArray(list))
    throw new UnclipError("input", `upsamplers: expected a number or a list, got ${typeof list}`);
  checkUpsamplers(list.length, upsamplers.length);
  return list.map((settings: UpsamplerSettings, i) => {
    const where = `upsamplers[${i}]`;
    checkKeys(where, settings, ["steps", "sampler"]);
    const own = defaults.upsamplers[i]!;
    const { steps = own.steps, sampler = own.sampler } = settings;
    planSampling(upsamplers[i]!.scheduler, where, { steps, sampler });
    return { steps, ...(sampler !== undefined && { sampler }) };
  });
}

function checkUpsamplers(count: number, most: number): number {
  if (Number.isInteger(count) && count >= 0 && count <= most) return count;
  throw new UnclipError("input", `upsamplers: expected 0 to ${most}, as many as the model has, got ${count}`);
}

/** A seed as JSON holds it exactly.
 * @throws UnclipError "input" if it is no integer */
function recordSeed(seed: number | bigint | string): number | string {
  const isDigits = typeof seed === "string" && /^-?\d+$/.test(seed);
  if (typeof seed !== "bigint" && !isDigits && !Number.isSafeInteger(seed)) {
    throw new UnclipError(
      "input",
      `seed: expected an integer, got ${String(seed)}; beyond 2^53 pass a bigint or its digits`,
    );
  }
  return Number.isSafeInteger(Number(seed)) ? Number(seed) : String(seed);
}

/** Throws unless `value` is an object that has no other keys than `known`.
 * @throws UnclipError "input" that names the unknown one */
export function checkKeys(where: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UnclipError(
      "input",
      `${where}: expected an object with settings, got ${value === null ? "null" : typeof value}`,
    );
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UnclipError("input", `${where}: there is no setting "${unknown}"; expected ${known.join(", ")}`);
}

/** Throws unless `value` is a text that can be written into a file. */
export function checkCaption(where: string, value: unknown): asserts value is string {
  if (typeof value !== "string")
    throw new UnclipError("input", `${where}: expected a text, got ${value === null ? "null" : typeof value}`);
  if (value.includes("\0")) throw new UnclipError("input", `${where}: holds a NUL character; leave it out`);
}

/** Throws unless `value` is a number from `least` to `most`.
 * @throws UnclipError "input" */
export function checkRange(name: string, value: unknown, least: number, most: number): asserts value is number {
  if (typeof value === "number" && value >= least && value <= most) return;
  throw new UnclipError("input", `${name}: expected a number from ${least} to ${most}, got ${String(value)}`);
}

/** Throws unless `value` is a whole number from 1 to `most`.
 * @throws UnclipError "input" */
export function checkWhole(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const reason =
    value > most ? "; all are painted at once, so paint more of them in another run with another seed" : "";
  throw new UnclipError("input", `${name}: expected a whole number from 1 to ${most}, got ${String(value)}${reason}`);
}
