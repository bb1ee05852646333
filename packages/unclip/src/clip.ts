import {
  loadImageEncoder,
  loadTextEncoder,
  readLogitScale,
  type ClipEncoders,
  type ImageEncoder,
  type TextEncoder,
} from "@unclip/clip";
import {
  createRuntime,
  selectModelFiles,
  type FolderSource,
  type ModelFolder,
  type Runtime,
  type SelectFiles,
} from "@unclip/runtime";
import { readJson, checkAborted, UnclipError } from "@unclip/tensor";
import { clipTowers, componentsOf } from "./clip-towers.js";
import { findPrior } from "./families/find-prior.js";
import type { OtherFolder } from "./families/family.js";
import { priorsOf } from "./families/index.js";
import { readModelIndex, type ModelIndex } from "./model-index.js";
import { surroundings } from "./open-family.js";
import { openModel, type SourceOptions } from "./open-model.js";
import { sourceOptions, type LoadOptions } from "./load.js";

/** CLIP, ready to embed captions and pictures. */
export interface Clip extends ClipEncoders {
  /** The name or folder it was loaded from. */
  readonly model: string;
  /** @throws UnclipError "input" when it is asked for, with the reason, where the model has no text tower */
  readonly textEncoder: TextEncoder;
  /** @throws UnclipError "input" when it is asked for, with the reason, where the model has no image tower */
  readonly imageEncoder: ImageEncoder;
  /** Gives the memory of both networks back. */
  dispose(): Promise<void>;
}

/** Loads CLIP by itself: reads its configs and the headers of its weights. Networks are opened when they first run.
 * @param source "toybox" (default); the folder of a pipeline with both towers or one of them, whose text tower may be that of `priorModel`;
 * the folder of a decoder whose prior, which is found from there, has both; the folder of a CLIPModel, which has its files in the folder itself; or the id of either on the Hugging Face hub, for example
 * openai/clip-vit-large-patch14
 * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give the model,
 * "config" or "weights" if it holds no tower of CLIP, or two that are not of one CLIP */
export async function loadClip(source: FolderSource = "toybox", options: LoadOptions = {}): Promise<Clip> {
  const { signal, dtype } = options;
  checkAborted(signal, "loadClip");
  if (dtype === "int8") {
    const cure = 'give the folder that "unclip quantize" writes, or leave dtype out';
    throw new UnclipError("input", `dtype: int8 is made of whole models, not of CLIP by itself; ${cure}`);
  }
  const sources = sourceOptions(options);
  const { folder, name: model } = await openModel(source, sources, selectClip);
  const place = await findTowers(folder, source, sources);
  const runtime = await createRuntime(options);
  const { textEncoder, imageEncoder, logitScale } = place
    ? await loadTowers(place, runtime, sources)
    : await loadClipModel(folder, runtime);
  const [text, image] = [textEncoder?.config.embeddingWidth, imageEncoder?.config.embeddingWidth];
  if (text !== undefined && image !== undefined && text !== image) {
    const widths = `the text encoder gives embeddings ${text} wide, the image encoder ${image}`;
    throw new UnclipError("config", `${folder.name}: ${widths}; are they from one CLIP?`);
  }
  if (text === undefined && image === undefined) {
    throw new UnclipError(
      "config",
      `${folder.name}: has no tower of CLIP; take a model with text_encoder or image_encoder`,
    );
  }
  checkAborted(signal, "loadClip");
  return {
    model,
    get textEncoder() {
      if (textEncoder !== undefined) return textEncoder;
      throw new UnclipError("input", `${model}: ${NO_TEXT}`);
    },
    get imageEncoder() {
      if (imageEncoder !== undefined) return imageEncoder;
      throw new UnclipError("input", `${model}: ${NO_IMAGE}`);
    },
    ...(logitScale !== undefined && { logitScale }),
    dispose: () => runtime.dispose(),
  };
}

const NO_TEXT =
  "has no text encoder whose embeddings lie beside those of pictures, so that captions cannot be embedded; take a CLIP, or name a model that has one of the same CLIP with priorModel (--prior-model)";
const NO_IMAGE =
  "has no image_encoder, so that pictures cannot be embedded; take a CLIP or a model for image variation";

interface Towers {
  readonly textEncoder?: TextEncoder;
  readonly imageEncoder?: ImageEncoder;
  readonly logitScale?: number;
}

/** A pipeline's folder that has towers: the model's own, or that of the prior of a decoder whose own has none.
 * @returns undefined for the folder of a CLIPModel */
async function findTowers(
  folder: ModelFolder,
  source: FolderSource,
  options: SourceOptions,
): Promise<Pick<OtherFolder, "folder" | "index"> | undefined> {
  if (!(await folder.has("model_index.json"))) return undefined;
  const index = await readModelIndex(folder);
  const priors = priorsOf(index.className);
  if (priors === undefined) return { folder, index };
  const parts = (other: ModelIndex) => componentsOf(clipTowers(other));
  const place = await findPrior({ folder, index, ...surroundings(folder, source, options) }, { priors, parts });
  if (place !== undefined) return place;
  const cure = "give the prior's folder or id as priorModel (--prior-model), or in place of this one";
  throw new UnclipError("config", `${folder.name}: CLIP lies in the folder of its prior, which was not found; ${cure}`);
}

/** The towers among a pipeline's components, and that of the model whose prior it takes. */
async function loadTowers(
  { folder, index }: Pick<OtherFolder, "folder" | "index">,
  runtime: Runtime,
  options: SourceOptions,
): Promise<Towers> {
  const { text, image } = clipTowers(index);
  const imageEncoder = image && (await loadImageEncoder(folder, runtime, image));
  const textEncoder = text
    ? await loadTextEncoder(folder, runtime, text)
    : options.priorModel !== undefined && (await loadTextTower(options.priorModel, runtime, options));
  return { ...(textEncoder && { textEncoder }), ...(imageEncoder && { imageEncoder }) };
}

async function loadTextTower(source: string | URL, runtime: Runtime, options: SourceOptions): Promise<TextEncoder> {
  const { folder } = await openModel(source, options, async (repository) => {
    const { text } = clipTowers(await readModelIndex(repository));
    return selectModelFiles({ components: componentsOf({ ...(text && { text }) }) })(repository);
  });
  const { text } = clipTowers(await readModelIndex(folder));
  if (text !== undefined) return loadTextEncoder(folder, runtime, text);
  throw new UnclipError("config", `${folder.name}: has no CLIPTextModelWithProjection; expected a model with a prior`);
}

async function loadClipModel(folder: ModelFolder, runtime: Runtime): Promise<Towers> {
  await checkClipModel(folder);
  const textEncoder = await loadTextEncoder(folder, runtime, { component: "", tokenizer: "" });
  const imageEncoder = await loadImageEncoder(folder, runtime, { component: "", preprocessor: "" });
  const logitScale = await readLogitScale(folder);
  return { textEncoder, imageEncoder, ...(logitScale !== undefined && { logitScale }) };
}

const selectClip: SelectFiles = async (repository) => {
  if (!(await repository.has("model_index.json"))) {
    await checkClipModel(repository); // before its weights are fetched
    return selectModelFiles({ components: [""] })(repository);
  }
  const index = await readModelIndex(repository);
  const selected = await selectModelFiles({ components: componentsOf(clipTowers(index)) })(repository);
  return priorsOf(index.className) && (await repository.has("README.md")) ? [...selected, "README.md"] : selected;
};

/** Throws unless the folder itself has the config of both towers. */
async function checkClipModel(folder: ModelFolder): Promise<void> {
  if (!(await folder.has("config.json"))) {
    const lacking = "neither model_index.json nor config.json is there";
    throw new UnclipError("config", `${folder.name}: ${lacking}; expected the folder of a pipeline or of a CLIPModel`);
  }
  const config = await readJson(folder, "config.json");
  const missing = ["text_config", "vision_config"].find((key) => typeof config[key] !== "object");
  if (missing === undefined) return;
  throw new UnclipError(
    "config",
    `${folder.name}/config.json: expected the config of a CLIPModel with ${missing}; take a model with both towers`,
  );
}
