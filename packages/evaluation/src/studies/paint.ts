import { checkAborted, nextTask, resizePicture, UnclipError, type Picture, type Tensor } from "@unclip/tensor";
import type { Scene } from "../scene.js";
import type { ToyboxCase } from "../toybox-benchmark.js";
import type { Score } from "../wilson-interval.js";
import { embedInParts } from "../zero-shot.js";
import type { StudyModel, StudyOptions, StudyRequest, StudyStep } from "./study.js";

/** Pictures that are painted or read together. */
export const BATCH = 10;

/** Goes through items a batch at a time, with a step after each.
 * @param work what is made of a batch, one thing for each of its items
 * @returns after yielding its steps, all that was made
 * @throws UnclipError "aborted" if the signal fires */
export async function* inBatches<Item, Made>(
  stage: string,
  items: readonly Item[],
  work: (batch: readonly Item[], start: number) => PromiseLike<readonly Made[]>,
  { signal, size = BATCH }: { readonly signal?: AbortSignal; readonly size?: number },
): AsyncGenerator<StudyStep, Made[]> {
  const made: Made[] = [];
  const steps = items.length;
  for (let start = 0; start < steps; start += size) {
    yield { stage, step: start, steps };
    await nextTask();
    checkAborted(signal, stage);
    made.push(...(await work(items.slice(start, start + size), start)));
  }
  yield { stage, step: steps, steps };
  return made;
}

/** Paints one picture of each caption at the decoder's size.
 * @returns after yielding its steps, the pictures */
export function paintCaptions(
  stage: string,
  captions: readonly string[],
  request: StudyRequest,
  { model, seed = 0, signal }: StudyOptions,
): AsyncGenerator<StudyStep, Picture[]> {
  const paint = async (batch: readonly string[], start: number) =>
    (await model.generate(batch, { upsamplers: 0, ...request, seed: seed + start / BATCH, signal })).images;
  return inBatches(stage, captions, paint, { signal });
}

/** What the oracle sees in pictures. */
export async function readAll(pictures: readonly Picture[], { benchmark, signal }: StudyOptions): Promise<Scene[]> {
  const scenes: Scene[] = [];
  for (let start = 0; start < pictures.length; start += 50) {
    await nextTask();
    checkAborted(signal, "reading pictures");
    scenes.push(...(await benchmark.oracle.read(pictures.slice(start, start + 50))).scenes);
  }
  return scenes;
}

/** Image embeddings of pictures, [N, D]. */
export function embedPictures(pictures: readonly Picture[], { model, signal }: StudyOptions): Promise<Tensor> {
  const encoder = imageEncoderOf(model);
  return embedInParts(pictures, (part) => encoder.embed(part), signal);
}

/** Text embeddings of captions, [N, D]. */
export function embedTexts(captions: readonly string[], { model, signal }: StudyOptions): Promise<Tensor> {
  const encoder = textEncoderOf(model);
  const embed = async (part: readonly string[]) => (await encoder.embed(part)).textEmbedding;
  return embedInParts(captions, embed, signal);
}

/** The picture side of the model's CLIP.
 * @throws UnclipError "input" if it has none */
function imageEncoderOf({ stages }: StudyModel): NonNullable<StudyModel["stages"]["imageEncoder"]> {
  if (stages.imageEncoder) return stages.imageEncoder;
  throw new UnclipError("input", "this model has no image encoder, which the study needs; take a model that has one");
}

/** The caption side of the model's CLIP.
 * @throws UnclipError "input" if it has none */
export function textEncoderOf({ stages }: StudyModel): NonNullable<StudyModel["stages"]["textEncoder"]> {
  if (stages.textEncoder) return stages.textEncoder;
  throw new UnclipError("input", "this model has no text encoder, which the study needs; take a model that has one");
}

/** The first `count` of the cases that were not held out of training and fit.
 * @throws UnclipError "input" if there are not as many */
export function casesOf(
  { benchmark, count }: StudyOptions,
  fallback: number,
  fits: (one: ToyboxCase) => boolean = () => true,
): readonly ToyboxCase[] {
  const fitting = benchmark.cases.filter((one) => one.heldOut === undefined && fits(one));
  const wanted = count ?? fallback;
  if (wanted <= fitting.length) return fitting.slice(0, wanted);
  throw new UnclipError("input", `n: the benchmark has ${fitting.length} that fit, got ${wanted}; ask for fewer`);
}

/** A real render at the size at which the model's decoder paints. */
export function atDecoderSize(picture: Picture, { stages }: StudyModel): Picture {
  const [, , height, width] = stages.decoder.space.shape(1) as [number, number, number, number];
  return resizePicture(picture, width, height);
}

/** "93 %" */
export function percent(share: number | null): string {
  return share === null ? "no" : `${(100 * share).toFixed(0)} %`;
}

/** A share and its interval as a point of a plot. */
export function barOf({ share, interval }: Score): { y: number; low?: number; high?: number } {
  return { y: share ?? 0, ...(interval && { low: interval[0], high: interval[1] }) };
}
