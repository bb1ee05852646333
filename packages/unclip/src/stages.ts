import { loadImageEncoder, loadTextEncoder, type ImageEncoder, type TextEncoder } from "@unclip/clip";
import { loadDecoder, type Decoder } from "@unclip/decoder";
import { loadDiffusionPrior, type DiffusionPrior } from "@unclip/prior";
import type { ModelFolder, Runtime } from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";
import { loadUpsampler, type Upsampler } from "@unclip/upsampler";
import type { ModelIndex } from "./model-index.js";

/** The stages of a loaded model, for pipelines of your own. */
export interface Stages {
  readonly textEncoder: TextEncoder;
  /** Absent where the folder has none: it is not needed to paint captions. */
  readonly imageEncoder?: ImageEncoder;
  /** Absent where the folder has none. */
  readonly prior?: DiffusionPrior;
  readonly decoder: Decoder;
  /** In the order in which they run. */
  readonly upsamplers: readonly Upsampler[];
}

/** Loads every stage of a model folder. No network is opened yet.
 * @throws UnclipError "config" or "weights" if a part is missing, damaged, or does not fit the others */
export async function loadStages(
  folder: ModelFolder,
  runtime: Runtime,
  { components, upsamplers }: ModelIndex,
): Promise<Stages> {
  const textEncoder = await loadTextEncoder(folder, runtime);
  const { textLength: length, width } = textEncoder.config;
  const stages: Stages = {
    textEncoder,
    ...(components.has("image_encoder") && { imageEncoder: await loadImageEncoder(folder, runtime) }),
    ...(components.has("prior") && { prior: await loadDiffusionPrior(folder, runtime) }),
    decoder: await loadDecoder(folder, runtime, { text: { length, width } }),
    upsamplers: await Promise.all(upsamplers.map((parts) => loadUpsampler(folder, runtime, parts))),
  };
  checkFit(stages, folder.name);
  return stages;
}

/** Throws unless each stage takes what the one before it gives. */
function checkFit({ textEncoder, imageEncoder, prior, decoder }: Stages, where: string): void {
  const { embeddingWidth, width, textLength } = textEncoder.config;
  const links = [
    ["the text encoder gives text embeddings", embeddingWidth, "the prior takes", prior?.config.embeddingWidth],
    ["the text encoder gives text states", width, "the prior takes", prior?.config.embeddingWidth],
    ["the text encoder gives captions", textLength, "the prior takes", prior?.config.textLength],
    [
      "the prior gives image embeddings",
      prior?.config.embeddingWidth,
      "the decoder takes",
      decoder.projection.embeddingWidth,
    ],
    [
      "the image encoder gives image embeddings",
      imageEncoder?.config.embeddingWidth,
      "the decoder takes",
      decoder.projection.embeddingWidth,
    ],
    ["the text encoder gives text embeddings", embeddingWidth, "the decoder takes", decoder.projection.embeddingWidth],
  ] as const;
  for (const [giver, given, taker, taken] of links) {
    if (given === undefined || taken === undefined || given === taken) continue;
    throw new UnclipError(
      "config",
      `${where}: ${giver} ${given} wide, ${taker} ${taken}; are the parts from one model?`,
    );
  }
}
