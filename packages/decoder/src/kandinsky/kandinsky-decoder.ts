import type { DeepFeatures } from "@unclip/graph";
import { checkRuntime, readCheckpoint, type ModelFolder, type Runtime } from "@unclip/runtime";
import { readScheduler, type Denoiser, type SchedulerConfig } from "@unclip/sampler";
import {
  checkDims,
  concatChannels,
  concatRows,
  readJson,
  repeatRows,
  tensor,
  UnclipError,
  type Tensor,
} from "@unclip/tensor";
import { createDecoder, type Decoder, type DecoderCondition } from "../decoder.js";
import type { DecoderSpace } from "../space.js";
import { createUnetRunner, splitUnet, type UnetForms } from "../unet-runner.js";
import { readKandinskyConfig, type KandinskyConfig } from "./config.js";
import { kept, type KeptArea } from "./kept-area.js";
import { kandinskyNetwork, type KandinskySize } from "./network.js";

/** What a Kandinsky network sees beside the latents, one for all pictures of a run. */
export interface KandinskyBeside {
  /** Of an inpainting network: the picture, and which of its latents are painted anew. */
  readonly area?: KeptArea;
  /** Of a depth network: the depth picture, [1, 3, 8h, 8w] in [0, 1] for latents of h and w. */
  readonly depth?: Tensor;
}

/** The decoder of Kandinsky 2.1 or 2.2, which paints latents of any size from image embeddings, 2.1 also from captions. */
export interface KandinskyDecoder {
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  readonly config: KandinskyConfig;
  readonly scheduler: SchedulerConfig;
  /** The decoder of latents of the size that `space` has. Its condition is an image embedding, 2.1's also features of a caption by the
   * text encoder of its own; guidance leads away from another image embedding.
   * @param beside what config.beside names; without it there is the space, but nothing to denoise with
   * @throws UnclipError "input" for another kind, "shape" if it has another size */
  at(space: DecoderSpace, beside?: KandinskyBeside): Decoder;
}

/** Options of {@link loadKandinskyDecoder}: the captions it shall take, and where its parts lie in the model folder. */
export interface LoadKandinskyDecoderOptions {
  /** Of 2.1, L of the text encoder's states [N, L, W]; default 77. */
  readonly textLength?: number;
  /** Default "unet". */
  readonly component?: string;
  /** Default "scheduler". */
  readonly scheduler?: string;
}

/** Loads the decoder of a model folder in Kandinsky's layout. Weights are opened when it first runs, for each size of picture anew.
 * @throws UnclipError "config" or "weights" if the folder does not hold a decoder that fits its config */
export async function loadKandinskyDecoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadKandinskyDecoderOptions = {},
): Promise<KandinskyDecoder> {
  checkRuntime("loadKandinskyDecoder", runtime);
  const { textLength = 77, component = "unet", scheduler = "scheduler" } = options;
  const path = `${component}/config.json`;
  const config = readKandinskyConfig(await readJson(folder, path), `${folder.name}/${path}`);
  const checkpoint = await readCheckpoint(folder, component);
  const built = new Map<string, UnetForms>(); // one for each size, whatever stands beside the latents
  const unet = (size: KandinskySize) => {
    const key = `${size.height}x${size.width}`;
    const graph = (deep?: DeepFeatures) => kandinskyNetwork(config, size, checkpoint, deep);
    const forms = built.get(key) ?? {
      unet: runtime.network(graph(), folder),
      split: splitUnet(graph, runtime, folder),
    };
    built.set(key, forms);
    return forms;
  };
  const side = 2 ** (config.blockOutChannels.length - 1);
  unet({ height: side, width: side, textLength }); // a folder whose weights do not fit fails here
  return createKandinskyDecoder(unet, { config, textLength, scheduler: await readScheduler(folder, scheduler) });
}

/** The sizes of a decoder and its noise process. */
export interface KandinskySizes {
  readonly config: KandinskyConfig;
  /** L, of 2.1. */
  readonly textLength: number;
  readonly scheduler: SchedulerConfig;
}

/** A decoder over its network.
 * @param unet the U-Net for latents of a size */
export function createKandinskyDecoder(
  unet: (size: KandinskySize) => UnetForms,
  sizes: KandinskySizes,
): KandinskyDecoder {
  const { config, textLength, scheduler } = sizes;
  const { embeddingWidth } = config;
  return {
    embeddingWidth,
    config,
    scheduler,
    at(space, beside = {}) {
      const [, , height, width] = space.shape(1) as readonly [number, number, number, number];
      checkBeside(beside, { height, width }, config);
      const forms = unet({ height, width, textLength });
      const area = beside.area && kept(beside.area);
      return createDecoder({
        embeddingWidth,
        scheduler,
        space,
        defaults: { steps: 100, guidanceScale: 4 },
        check(condition, n, where) {
          checkComplete(beside, config);
          checkCondition(condition, n, where, sizes);
        },
        denoise(conditions, cacheInterval): Denoiser {
          const run = createUnetRunner(forms, cacheInterval);
          const seen = seenBy(conditions, config.version);
          const n = seen.imageEmbedding.dims[0]!;
          const depth = beside.depth && { depth: repeatRows(beside.depth, n) };
          const known = area && repeatRows(area, n);
          return async (xt, t) => {
            const input = known ? concatChannels(xt, known) : xt;
            const out = await run({ xt: input, t: tensor(Float32Array.of(t), [1]), ...seen, ...depth });
            return { type: scheduler.predictionType, output: out["prediction"]!, variance: out["variance"] };
          };
        },
      });
    },
  };
}

/** The inputs of the network for the rows of conditions, one after another. */
function seenBy(
  conditions: readonly DecoderCondition[],
  version: KandinskyConfig["version"],
): Readonly<Record<string, Tensor>> & { readonly imageEmbedding: Tensor } {
  const imageEmbedding = concatRows(conditions.map((condition) => condition.imageEmbedding!));
  if (version === "2.2") return { imageEmbedding };
  return {
    imageEmbedding,
    textEmbedding: concatRows(conditions.map(({ text }) => text!.textEmbedding)),
    textStates: concatRows(conditions.map(({ text }) => text!.textStates)),
  };
}

function checkCondition(
  { imageEmbedding, text }: DecoderCondition,
  n: number,
  where: string,
  { config, textLength }: KandinskySizes,
): void {
  const { embeddingWidth, version, textWidth } = config;
  if (!imageEmbedding) {
    const reason = "this decoder always sees an image embedding";
    throw new UnclipError("input", `${where}.imageEmbedding: ${reason}; give one, that of zero pixels for none`);
  }
  checkDims(`${where}.imageEmbedding`, imageEmbedding, [n, embeddingWidth], "is the prior from this model?");
  if (version === "2.2") {
    if (!text) return;
    throw new UnclipError("input", `${where}.text: this decoder sees no captions, only image embeddings; leave it out`);
  }
  if (!text) {
    const reason = "this decoder always attends to a caption";
    throw new UnclipError("input", `${where}.text: ${reason}; give the features of one, the empty caption for none`);
  }
  const hint = "are they from the text encoder beside this decoder?";
  checkDims(`${where}.textEmbedding`, text.textEmbedding, [n, embeddingWidth], hint);
  checkDims(`${where}.textStates`, text.textStates, [n, textLength, textWidth!], hint);
}

const BESIDE = {
  nothing: "nothing beside the latents",
  mask: "a picture and the area of it that is painted anew",
  depth: "a depth picture",
};

function checkBeside(
  { area, depth }: KandinskyBeside,
  { height, width }: KandinskySize,
  { beside, latentChannels }: KandinskyConfig,
): void {
  const got = (area && beside !== "mask" && "mask") || (depth && beside !== "depth" && "depth");
  if (got) throw new UnclipError("input", `decoder: this model takes ${BESIDE[beside]}, got ${BESIDE[got]}`);
  if (depth) checkDims("decoder.depth", depth, [1, 3, 8 * height, 8 * width], "resize it to the size of the pictures");
  if (area) {
    checkDims("decoder.area.latents", area.latents, [1, latentChannels, height, width]);
    checkDims("decoder.area.painted", area.painted, [1, 1, height, width]);
  }
}

function checkComplete({ area, depth }: KandinskyBeside, { beside }: KandinskyConfig): void {
  if ({ nothing: true, mask: area !== undefined, depth: depth !== undefined }[beside]) return;
  throw new UnclipError("input", `decoder: this model takes ${BESIDE[beside]}; give it`);
}
