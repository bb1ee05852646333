import {
  loadImageEncoder,
  loadTextEncoder,
  readLogitScale,
  type ClipEncoders,
  type ImageEncoder,
  type TextEncoder,
} from "@unclip/clip";
import { createRuntime, selectModelFiles, type ModelFolder, type SelectFiles } from "@unclip/runtime";
import { readJson, checkAborted, UnclipError } from "@unclip/tensor";
import { openModel } from "./open-model.js";
import type { LoadOptions } from "./load.js";

/** Both towers of CLIP, ready to embed captions and pictures. */
export interface Clip extends ClipEncoders {
  /** The name or folder it was loaded from. */
  readonly model: string;
  readonly textEncoder: TextEncoder;
  readonly imageEncoder: ImageEncoder;
  /** Gives the memory of both networks back. */
  dispose(): Promise<void>;
}

/** Loads CLIP by itself: reads its configs and the headers of its weights. Networks are opened when they first run.
 * @param source "toybox" (default), the folder of a pipeline with text_encoder, tokenizer, image_encoder and feature_extractor, the folder of
 * a CLIPModel, which has its files in the folder itself, or the id of either on the Hugging Face hub, for example
 * openai/clip-vit-large-patch14
 * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give the model,
 * "config" or "weights" if it does not hold both towers of one CLIP */
export async function loadClip(source: string | URL = "toybox", options: LoadOptions = {}): Promise<Clip> {
  const { signal, device, keep } = options;
  checkAborted(signal, "loadClip");
  const { folder, name: model } = await openModel(source, options, selectClip);
  const isPipeline = await folder.has("model_index.json");
  if (!isPipeline) await checkClipModel(folder);
  const runtime = await createRuntime({ device, keep });
  const textEncoder = await loadTextEncoder(folder, runtime, isPipeline ? {} : { component: "", tokenizer: "" });
  const imageEncoder = await loadImageEncoder(folder, runtime, isPipeline ? {} : { component: "", preprocessor: "" });
  const [text, image] = [textEncoder.config.embeddingWidth, imageEncoder.config.embeddingWidth];
  if (text !== image) {
    const widths = `the text encoder gives embeddings ${text} wide, the image encoder ${image}`;
    throw new UnclipError("config", `${folder.name}: ${widths}; are they from one CLIP?`);
  }
  const logitScale = isPipeline ? undefined : await readLogitScale(folder);
  checkAborted(signal, "loadClip");
  return {
    model,
    textEncoder,
    imageEncoder,
    ...(logitScale !== undefined && { logitScale }),
    dispose: () => runtime.dispose(),
  };
}

/** The components of a pipeline that are CLIP's. */
const COMPONENTS = ["text_encoder", "tokenizer", "image_encoder", "feature_extractor"];

const selectClip: SelectFiles = async (repository) => {
  const isPipeline = await repository.has("model_index.json");
  if (!isPipeline) await checkClipModel(repository); // before its weights are fetched
  return selectModelFiles({ components: isPipeline ? COMPONENTS : [""] })(repository);
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
