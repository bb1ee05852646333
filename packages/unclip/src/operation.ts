import type { Runtime } from "@unclip/runtime";
import {
  createRandom,
  createRun,
  map,
  pictureFromText,
  pixelsFromPicture,
  UnclipError,
  type Picture,
  type Random,
  type Run,
  type Tensor,
} from "@unclip/tensor";
import type { PictureSize } from "@unclip/decoder";
import type { Defaults } from "./defaults.js";
import type { FamilyModel } from "./families/family.js";
import type { Feature } from "./features.js";
import { presetDefaults } from "./presets.js";
import { recipeOf, type Recipe } from "./recipe.js";
import type { FilledRequest, PaintRequest, RunOptions } from "./request.js";
import { atSize, type SizeRequest } from "./size.js";
import type { Stages } from "./stages.js";
import { createTimeline, type StageStep, type StageTiming, type Timeline } from "./timeline.js";

/** A loaded model. */
export interface LoadedModel extends FamilyModel {
  /** The name or folder it was loaded from. */
  readonly model: string;
  readonly defaults: Defaults;
  readonly runtime: Runtime;
  /** "int8" where it was asked for. */
  readonly dtype?: "int8";
  /** Of a model with several sizes, the one that a request has asked for, and that its decoder now has. */
  readonly size?: PictureSize;
}

/** What an operation gives. */
export interface Generation {
  /** Captions or pictures in order, `n` images for each. */
  readonly images: Picture[];
  /** The image embedding behind each picture, [N, D]; absent where there was none. */
  readonly imageEmbedding?: Tensor;
  /** How near CLIP sees each picture to its caption, a cosine; absent where nothing was reranked. */
  readonly similarities?: readonly number[];
  readonly recipe: Recipe;
  readonly stages: readonly StageTiming[];
  /** Sentences about what was changed in the input, such as a caption that was cut. */
  readonly warnings: readonly string[];
}

/** What an operation works with. */
export interface Workplace {
  readonly stages: Stages;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  /** Takes a sentence about what was changed in the input, once. */
  warn(sentence: string): void;
}

/** What an operation has painted. */
export interface Painted extends Pick<Generation, "images" | "imageEmbedding" | "similarities"> {
  /** What the recipe says in place of the request's own fields, such as the embedding of a picture. */
  readonly recorded?: object;
}

/** One thing that can be asked of a model. */
export interface Operation<Request extends RunOptions, Filled extends FilledRequest> {
  /** For recipes, for example "generate". */
  readonly name: string;
  /** Fills the request's gaps and checks its values.
   * @throws UnclipError "input" for one that cannot be */
  fill(request: Request, loaded: LoadedModel): Filled;
  perform(workplace: Workplace, filled: Filled): AsyncGenerator<StageStep, Painted>;
}

/** Runs an operation. */
export function start<Request extends RunOptions, Filled extends FilledRequest>(
  { name, fill, perform }: Operation<Request, Filled>,
  model: LoadedModel,
  request: Request,
): Run<Generation, StageStep> {
  return createRun(async function* () {
    const { loaded: sized, warnings: resized } = atSize(model, request as SizeRequest);
    const loaded = { ...sized, defaults: presetDefaults(model.defaults, (request as PaintRequest).preset) };
    const warnings = new Set(resized);
    const reason = name === "generate" ? undefined : loaded.lacks[name as Feature]; // generate knows when it matters
    if (reason !== undefined) throw new UnclipError("input", `${name}: ${reason}`);
    const filled = fill(request, loaded);
    const { signal, abortSignal = signal } = request;
    const random = request.random ?? createRandom(BigInt(filled.seed ?? 0));
    const timeline = createTimeline(abortSignal);
    const warn = (sentence: string) => void warnings.add(sentence);
    const workplace = { stages: besideDepth(loaded.stages, filled), timeline, random, signal: abortSignal, warn };
    const { images, imageEmbedding, similarities, recorded } = yield* perform(workplace, filled);
    return {
      images,
      ...(imageEmbedding && { imageEmbedding }),
      ...(similarities && { similarities }),
      recipe: recipeOf(loaded, name, { ...filled, ...recorded }),
      stages: timeline.timings,
      warnings: [...warnings],
    };
  });
}

/** The stages with a decoder that sees the request's depth picture, where there is one. */
function besideDepth(stages: Stages, { depth: text }: FilledRequest): Stages {
  if (text === undefined) return stages;
  const { space } = stages.decoder;
  const depth = map(pixelsFromPicture(pictureFromText(text, space.size, "depth")), (value) => (value + 1) / 2);
  return { ...stages, decoder: stages.beside!.at(space, { depth }) };
}
