import type { DeepFeatures } from "@unclip/graph";
import { checkRuntime, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import { readScheduler, type SchedulerConfig } from "@unclip/sampler";
import {
  checkArgument,
  checkDims,
  concatRows,
  filled,
  readJson,
  tensor,
  UnclipError,
  type Random,
  type Tensor,
} from "@unclip/tensor";
import { createDecoder, type Decoder, type DecoderCondition } from "../decoder.js";
import type { DecoderSpace } from "../space.js";
import { createUnetRunner, splitUnet, type UnetForms } from "../unet-runner.js";
import { readStableUnclipConfig, type StableUnclipConfig } from "./config.js";
import { stableUnclipNetwork, type StableUnclipSize } from "./network.js";
import { noiseAugmentationNetwork, readImageNormalizerConfig } from "./noise-augmentation.js";

/** Options of {@link StableUnclipDecoder.augment}. */
export interface AugmentOptions {
  /** l, how far along its own schedule an embedding is noised: a whole number from 0, hardly at all, to `levels` - 1. */
  readonly level: number;
  /** Source of the noise, one row for each embedding. It is drawn at level 0 too. */
  readonly random: Random;
}

/** The decoder of Stable unCLIP, which paints pictures of any size from noised image embeddings and captions. */
export interface StableUnclipDecoder {
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  readonly config: StableUnclipConfig;
  /** T, noise levels that an embedding can have. */
  readonly levels: number;
  /** Noises image embeddings, and says how much.
   * @param imageEmbedding z_i, [N, D]
   * @returns what the decoder takes for an image embedding, [N, 2D]
   * @throws UnclipError "input" for a level that is none, "shape" for embeddings of another width
   * @see Ho et al. 2021 (arXiv:2106.15282), conditioning augmentation */
  augment(imageEmbedding: Tensor, options: AugmentOptions): Promise<Tensor>;
  /** The decoder of latents of the size that `space` has. Its condition is the states of a caption and, where it shall see a picture,
   * what `augment` gives; without that, zeros stand there. */
  at(space: DecoderSpace): Decoder;
}

/** Options of {@link loadStableUnclipDecoder}: the captions it shall take, and where its parts lie in the model folder. */
export interface LoadStableUnclipDecoderOptions {
  /** L of the text encoder's states [N, L, W]. */
  readonly textLength: number;
  /** Default "unet". */
  readonly component?: string;
  /** Default "scheduler". */
  readonly scheduler?: string;
  /** Default "image_normalizer". */
  readonly normalizer?: string;
  /** Default "image_noising_scheduler". */
  readonly noising?: string;
}

/** Loads the decoder of a model folder in the layout of Stable unCLIP. Weights are opened when it first runs, for each size of picture anew.
 * @throws UnclipError "config" or "weights" if the folder does not hold a decoder that fits its config */
export async function loadStableUnclipDecoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadStableUnclipDecoderOptions,
): Promise<StableUnclipDecoder> {
  checkRuntime("loadStableUnclipDecoder", runtime);
  checkArgument("loadStableUnclipDecoder", options, ["textLength"], "{ textLength }, the tokens of a caption");
  const { textLength, component = "unet", scheduler = "scheduler" } = options;
  const { normalizer = "image_normalizer", noising = "image_noising_scheduler" } = options;
  const json = async (name: string) =>
    [await readJson(folder, `${name}/config.json`), `${folder.name}/${name}/config.json`] as const;
  const config = readStableUnclipConfig(...(await json(component)));
  const embeddingWidth = readImageNormalizerConfig(...(await json(normalizer)));
  checkFit(config, embeddingWidth, folder.name);
  const checkpoint = await readCheckpoint(folder, component);
  const augmentation = noiseAugmentationNetwork(embeddingWidth, await readCheckpoint(folder, normalizer));
  const unet = (size: StableUnclipSize) => {
    const graph = (deep?: DeepFeatures) => stableUnclipNetwork(config, size, checkpoint, deep);
    return { unet: runtime.network(graph(), folder), split: splitUnet(graph, runtime, folder) };
  };
  unet({ height: config.sampleSize, width: config.sampleSize, textLength }); // a folder whose weights do not fit fails here
  return createStableUnclipDecoder(
    { augmentation: runtime.network(augmentation, folder), unet },
    {
      config,
      embeddingWidth,
      textLength,
      scheduler: await readScheduler(folder, scheduler),
      noising: await readScheduler(folder, noising),
    },
  );
}

/** The networks of a decoder. */
export interface StableUnclipNetworks {
  readonly augmentation: Network;
  /** The U-Net for latents of a size. */
  readonly unet: (size: StableUnclipSize) => UnetForms;
}

/** The sizes of a decoder and its noise processes. */
export interface StableUnclipSizes {
  readonly config: StableUnclipConfig;
  /** D. */
  readonly embeddingWidth: number;
  /** L. */
  readonly textLength: number;
  readonly scheduler: SchedulerConfig;
  /** The noise process of the embeddings. */
  readonly noising: SchedulerConfig;
}

/** A decoder over its networks. */
export function createStableUnclipDecoder(
  networks: StableUnclipNetworks,
  sizes: StableUnclipSizes,
): StableUnclipDecoder {
  const { config, embeddingWidth, textLength, scheduler, noising } = sizes;
  const { alphasCumprod } = noising.schedule;
  const conditionWidth = 2 * embeddingWidth;
  const one = (value: number) => tensor(Float32Array.of(value), [1]);
  return {
    embeddingWidth,
    config,
    levels: alphasCumprod.length,
    async augment(imageEmbedding, { level, random }) {
      const alphaBar = alphasCumprod[level];
      if (alphaBar === undefined) {
        const most = alphasCumprod.length - 1;
        throw new UnclipError("input", `noiseLevel: expected a whole number from 0 to ${most}, got ${String(level)}`);
      }
      const dims = [imageEmbedding.dims[0]!, embeddingWidth];
      checkDims("decoder.imageEmbedding", imageEmbedding, dims, "is the image encoder or the prior from this model?");
      const noise = random.normal(dims);
      const signal = one(Math.sqrt(alphaBar));
      const strength = one(Math.sqrt(1 - alphaBar));
      const out = await networks.augmentation.run({ imageEmbedding, noise, level: one(level), signal, strength });
      return out["imageCondition"]!;
    },
    at(space) {
      const [, , height, width] = space.shape(1) as readonly [number, number, number, number];
      const forms = networks.unet({ height, width, textLength });
      return createDecoder({
        embeddingWidth,
        scheduler,
        space,
        defaults: { steps: 20, guidanceScale: 10 },
        check: (condition, n, where) => checkCondition(condition, n, where, sizes),
        denoise(conditions, cacheInterval) {
          const run = createUnetRunner(forms, cacheInterval);
          const given = conditions.map(({ imageEmbedding, text }) => ({
            image: imageEmbedding ?? filled([text!.textStates.dims[0]!, conditionWidth], 0),
            states: text!.textStates,
          }));
          const imageCondition = concatRows(given.map(({ image }) => image));
          const textStates = concatRows(given.map(({ states }) => states));
          return async (xt, t) => {
            const out = await run({ xt, t: one(t), imageCondition, textStates });
            return { type: scheduler.predictionType, output: out["prediction"]! };
          };
        },
      });
    },
  };
}

function checkCondition(
  { imageEmbedding, text }: DecoderCondition,
  n: number,
  where: string,
  { config, embeddingWidth, textLength }: StableUnclipSizes,
): void {
  if (imageEmbedding) {
    const hint = "give what augment makes of an image embedding";
    checkDims(`${where}.imageEmbedding`, imageEmbedding, [n, 2 * embeddingWidth], hint);
  }
  if (!text) {
    const reason = "this decoder always attends to a caption";
    throw new UnclipError("input", `${where}.text: ${reason}; give the features of one, the empty caption for none`);
  }
  const dims = [n, textLength, config.contextWidth];
  checkDims(`${where}.textStates`, text.textStates, dims, "is the text encoder from this model?");
}

function checkFit({ imageConditionWidth }: StableUnclipConfig, embeddingWidth: number, where: string): void {
  if (imageConditionWidth === 2 * embeddingWidth) return;
  const sizes = `unet.projection_class_embeddings_input_dim is ${imageConditionWidth}, twice image_normalizer.embedding_dim ${2 * embeddingWidth}`;
  throw new UnclipError("config", `${where}: ${sizes}; are they from one model?`);
}
