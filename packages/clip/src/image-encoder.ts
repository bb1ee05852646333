import { checkRuntime, pathIn, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import {
  checkList,
  readJson,
  readText,
  concatRows,
  filled,
  UnclipError,
  type Picture,
  type Tensor,
} from "@unclip/tensor";
import { readClipVisionConfig, type ClipVisionConfig } from "./config.js";
import { clipVisionNetwork } from "./networks/vision.js";
import { preprocessPicture, readPreprocessConfig, type PreprocessConfig } from "./preprocess.js";

/** CLIP's vision tower and the preparation of its pictures. */
export interface ImageEncoder {
  readonly config: ClipVisionConfig;
  /** CLIP image embeddings of N pictures of any size, [N, D], not normalised. */
  embed(pictures: readonly Picture[]): Promise<Tensor>;
  /** The embedding of nothing at all, [1, D]: of normalised pixels that are all zero. Kandinsky's guidance leads away from it. */
  embedNothing(): Promise<Tensor>;
}

/** Options of {@link loadImageEncoder}: where its parts lie in the model folder. */
export interface LoadImageEncoderOptions {
  /** Default "image_encoder"; "" for the folder itself. */
  readonly component?: string;
  /** Default "feature_extractor"; "" for the folder itself. */
  readonly preprocessor?: string;
}

/** Loads the image encoder of a model folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold an image encoder that fits its config */
export async function loadImageEncoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadImageEncoderOptions = {},
): Promise<ImageEncoder> {
  checkRuntime("loadImageEncoder", runtime);
  const { component = "image_encoder", preprocessor = "feature_extractor" } = options;
  const configPath = pathIn(component, "config.json");
  const config = readClipVisionConfig(await readJson(folder, configPath), `${folder.name}/${configPath}`);
  const path = pathIn(preprocessor, "preprocessor_config.json");
  const preprocess = readPreprocessConfig(await readText(folder, path), `${folder.name}/${path}`);
  checkSize(preprocess, config, `${folder.name}/${path}`);
  return createImageEncoder(
    runtime.network(clipVisionNetwork(config, await readCheckpoint(folder, component)), folder),
    preprocess,
    config,
  );
}

/** Refuses pictures of a size that the vision tower does not see, where the size does not depend on the picture.
 * @throws UnclipError "config" */
function checkSize({ resize, crop }: PreprocessConfig, { imageSize }: ClipVisionConfig, where: string): void {
  const size = crop ?? (resize !== undefined && "height" in resize ? resize : undefined);
  if (size === undefined || (size.height === imageSize && size.width === imageSize)) return;
  throw new UnclipError(
    "config",
    `${where}: pictures become ${size.width}x${size.height}, the image encoder sees ${imageSize}x${imageSize}; are they from one model?`,
  );
}

/** An image encoder over its open parts. */
export function createImageEncoder(
  network: Network,
  preprocess: PreprocessConfig,
  config: ClipVisionConfig,
): ImageEncoder {
  return {
    config,
    async embed(pictures) {
      checkList("image encoder", pictures, "pictures, { width, height, data } with RGB bytes");
      const pixels = concatRows(pictures.map((picture) => preprocessPicture(picture, preprocess)));
      return (await network.run({ pixels }))["imageEmbedding"]!;
    },
    async embedNothing() {
      const pixels = filled([1, 3, config.imageSize, config.imageSize], 0);
      return (await network.run({ pixels }))["imageEmbedding"]!;
    },
  };
}
