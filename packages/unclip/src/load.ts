import type { AnalyticTable } from "@unclip/sampler";
import { createRuntime, type FolderSource, type Runtime, type RuntimeOptions } from "@unclip/runtime";
import { checkAborted, createRun, UnclipError, type Picture, type Run } from "@unclip/tensor";
import { readDefaults, type Defaults } from "./defaults.js";
import { describe } from "./features.js";
import { generate } from "./generate.js";
import { inInt8 } from "./int8-source.js";
import { openFamily } from "./open-family.js";
import type { SourceOptions } from "./open-model.js";
import { start, type Generation, type LoadedModel, type Operation } from "./operation.js";
import { estimatePriorTable, type PriorExample, type PriorTableOptions } from "./prior-table.js";
import { requestOf, type Recipe } from "./recipe.js";
import type { FilledRequest, GenerateRequest, RunOptions } from "./request.js";
import type { Stages } from "./stages.js";
import type { StageStep } from "./timeline.js";
import { compare, type CompareRequest } from "./manipulations/compare.js";
import { components, type ComponentsRequest } from "./manipulations/components.js";
import { edit, type EditRequest } from "./manipulations/edit.js";
import { interpolate, type InterpolateRequest } from "./manipulations/interpolate.js";
import type { Item } from "./manipulations/items.js";
import { mix, type MixRequest } from "./manipulations/mix.js";
import { vary, type VaryRequest } from "./manipulations/vary.js";

/** Options of `loadUnclip`: how the model is found, and how its networks run. */
export interface LoadOptions extends Omit<SourceOptions, "dtype">, RuntimeOptions {
  /** "fp16" takes the half-precision files (`*.fp16.safetensors`) of components that have them: it concerns storage, what networks compute with
   * is up to `arithmetic`. "int8" quantises the model, in Node: the first time, which takes minutes to hours, into the cache (HF_ASSETS_CACHE, or else
   * ~/.cache/huggingface/assets), from which it opens from then on. Default "fp32". */
  readonly dtype?: SourceOptions["dtype"] | "int8";
  /** Steps of the quantising that dtype "int8" brings the first time. */
  readonly onQuantize?: (step: Pick<StageStep, "stage" | "step" | "steps">) => void;
}

/** Options that say where files are. */
export function sourceOptions({ dtype, ...options }: LoadOptions): SourceOptions {
  return { ...options, ...(dtype !== undefined && dtype !== "int8" && { dtype }) };
}

/** A whole model, ready to paint. Every method that works gives a run: await it for its result, iterate it for its steps. */
export interface Unclip {
  /** The name or folder it was loaded from. */
  readonly model: string;
  /** The model that its prior is from, where that is another one. */
  readonly priorModel?: string;
  /** The kind of model, for example "karlo". */
  readonly family: string;
  /** What it can do, in plain words. */
  readonly can: readonly string[];
  /** What it cannot, and why, in plain words. */
  readonly lacks: readonly string[];
  /** Where its networks run: the device that was asked for, or that "auto" chose. */
  readonly device: Runtime["device"];
  /** What its networks compute with. */
  readonly arithmetic: Runtime["arithmetic"];
  /** What "auto" tried before that device, and why it was not taken. */
  readonly passedOver: Runtime["passedOver"];
  /** Threads of one run; undefined if ONNX Runtime decides, which takes one for each core. */
  readonly threads?: Runtime["threads"];
  /** Its stages, for pipelines of your own. */
  readonly stages: Stages;
  /** What is used for settings that are left out. */
  readonly defaults: Defaults;
  /** Captions to pictures.
   * @throws UnclipError "input" for a setting that cannot be, "aborted" if the signal fires */
  generate(caption: string | readonly string[], options?: GenerateRequest & RunOptions): Run<Generation, StageStep>;
  /** Variations of pictures: other pictures that CLIP sees the same in.
   * @throws UnclipError "input" for a setting that cannot be or a model without an image encoder, "aborted" if the signal fires */
  vary(picture: Picture | readonly Picture[], options?: VaryRequest & RunOptions): Run<Generation, StageStep>;
  /** From one picture or caption to the next: `frames` pictures, the ends among them.
   * @throws UnclipError "input" for fewer than two items or a setting that cannot be, "aborted" if the signal fires */
  interpolate(items: readonly Item[], options?: InterpolateRequest & RunOptions): Run<Generation, StageStep>;
  /** Pictures of several pictures and captions at once, by weights.
   * @throws UnclipError "input" for no item or weights that cannot be, "aborted" if the signal fires */
  mix(items: readonly Item[], options?: MixRequest & RunOptions): Run<Generation, StageStep>;
  /** A text diff: the picture, changed as one caption differs from another.
   * @throws UnclipError "input" for a setting that cannot be, "aborted" if the signal fires */
  edit(picture: Picture, options: EditRequest & RunOptions): Run<Generation, StageStep>;
  /** The picture as the first principal components of its embedding show it.
   * @throws UnclipError "input" for a setting that cannot be, "aborted" if the signal fires */
  components(picture: Picture, options: ComponentsRequest & RunOptions): Run<Generation, StageStep>;
  /** A caption in three ways of conditioning: by itself, by its text embedding, by the prior.
   * @throws UnclipError "input" for a setting that cannot be, "aborted" if the signal fires */
  compare(caption: string, options?: CompareRequest & RunOptions): Run<Generation, StageStep>;
  /** Paints a recipe once more.
   * @param changes settings to take in place of the recipe's; those of a stage one by one
   * @throws UnclipError "input" for a recipe that cannot be painted by this model, "aborted" if the signal fires */
  again(recipe: Recipe, changes?: GenerateRequest & RunOptions): Run<Generation, StageStep>;
  /** Estimates the table of the prior's sampler "analytic-dpm", to be kept and given to `generate` in { name: "analytic-dpm", table }.
   * @throws UnclipError "input" for a model without what this needs or no examples, "aborted" if the signal fires */
  estimatePriorTable(examples: readonly PriorExample[], options?: PriorTableOptions): Run<AnalyticTable, StageStep>;
  /** Gives the memory of all networks back. */
  dispose(): Promise<void>;
}

/** Loads a model: reads its configs and the headers of its weights. Networks are opened when they first run.
 * @param source "toybox", the model that ships with the project (default); the folder of a model in the diffusers layout (in browsers,
 * its address, a list of its files, or a folder of the disk that a person chose); or the id of one on the Hugging Face hub, `owner/name`
 * or `owner/name@revision`
 * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give the model,
 * "config" or "weights" if it is not a whole model */
export async function loadUnclip(source: FolderSource = "toybox", options: LoadOptions = {}): Promise<Unclip> {
  const { signal, dtype } = options;
  checkAborted(signal, "loadUnclip");
  const runtime = await createRuntime({ keepPrepared: true, ...options }); // a device that is not there is refused before anything is fetched
  const found = await openFamily(source, sourceOptions(options));
  const { model, family, folder, load } = dtype === "int8" ? await inInt8(found, source, options) : found;
  const opened = await load(runtime);
  const { stages, priorModel } = opened;
  checkAborted(signal, "loadUnclip");
  const defaults = await readDefaults(folder, stages);
  const loaded: LoadedModel = { ...opened, model, runtime, defaults, ...(dtype === "int8" && { dtype }) };
  return {
    model,
    ...(priorModel !== undefined && { priorModel }),
    family: family.name,
    ...describe(opened.lacks),
    device: runtime.device,
    arithmetic: runtime.arithmetic,
    passedOver: runtime.passedOver,
    ...(runtime.threads !== undefined && { threads: runtime.threads }),
    stages,
    defaults: loaded.defaults,
    generate: (caption, request) =>
      start(generate, loaded, { ...request, captions: typeof caption === "string" ? [caption] : caption }),
    vary: (picture, request) =>
      start(vary, loaded, { ...request, pictures: Array.isArray(picture) ? picture : [picture as Picture] }),
    interpolate: (items, request) => start(interpolate, loaded, { ...request, items }),
    mix: (items, request) => start(mix, loaded, { ...request, items }),
    edit: (picture, request) => start(edit, loaded, { ...request, picture }),
    components: (picture, request) => start(components, loaded, { ...request, picture }),
    compare: (caption, request) => start(compare, loaded, { ...request, caption }),
    again: (recipe, changes) => again(loaded, recipe, changes),
    estimatePriorTable: (examples, request) => estimatePriorTable(loaded, examples, request),
    dispose: () => runtime.dispose(),
  };
}

/** What a recipe can ask for. */
const OPERATIONS = [
  generate,
  vary,
  interpolate,
  mix,
  edit,
  components,
  compare,
] as readonly unknown[] as readonly Operation<RunOptions, FilledRequest>[];

function again(
  loaded: LoadedModel,
  recipe: Recipe,
  changes?: GenerateRequest & RunOptions,
): Run<Generation, StageStep> {
  return createRun(async function* () {
    const { operation: name, request } = requestOf(recipe, changes as Record<string, unknown>);
    const operation = OPERATIONS.find((known) => known.name === name);
    if (operation === undefined) {
      const known = OPERATIONS.map((one) => one.name).join(", ");
      throw new UnclipError("input", `recipe.operation: expected one of ${known}, got ${JSON.stringify(name)}`);
    }
    const generation = yield* start(operation, loaded, request as RunOptions);
    const [then, now] = [recipe, { ...loaded, arithmetic: loaded.runtime.arithmetic }].map(modelNames) as [
      string,
      string,
    ];
    if (then === now) return generation;
    const warning = `recipe: it was made with ${then}, this is ${now}; the pictures may differ`;
    return { ...generation, warnings: [...generation.warnings, warning] };
  });
}

/** What of a recipe or a loaded model says who paints. */
interface Painter extends Pick<LoadedModel, "model" | "priorModel" | "dtype"> {
  readonly arithmetic?: Unclip["arithmetic"];
}

/** The models that paint: one, or also the one that the prior is from. */
function modelNames({ model, priorModel, dtype, arithmetic = "float32" }: Painter): string {
  const named = dtype === undefined ? model : `${model} in ${dtype}`;
  const whole = priorModel === undefined ? named : `${named} with the prior of ${priorModel}`;
  return arithmetic === "float32" ? whole : `${whole}, computed in ${arithmetic}`;
}
