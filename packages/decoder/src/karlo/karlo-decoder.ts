import type { DeepFeatures } from "@unclip/graph";
import { checkRuntime, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import { readScheduler, type Denoiser, type SchedulerConfig } from "@unclip/sampler";
import {
  checkArgument,
  checkDims,
  concatRows,
  concatText,
  filled,
  readJson,
  tensor,
  UnclipError,
  withoutPadding,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import { createDecoder, type Decoder, type DecoderCondition } from "../decoder.js";
import { pixelSpace } from "../space.js";
import { createUnetRunner, splitUnet, type UnetForms } from "../unet-runner.js";
import {
  readKarloDecoderConfig,
  readTextProjectionConfig,
  type KarloDecoderConfig,
  type TextProjectionConfig,
} from "./config.js";
import { textProjectionNetwork } from "./text-projection.js";
import { karloUnet } from "./unet.js";

/** Sizes of a caption's features: L tokens of width W. */
export interface TextSizes {
  readonly length: number;
  readonly width: number;
}

/** Options of {@link loadKarloDecoder}: where its parts lie in the model folder, and the captions it shall take. */
export interface LoadKarloDecoderOptions {
  /** L and W of the text encoder's states. */
  readonly text: TextSizes;
  /** Default "decoder". */
  readonly component?: string;
  /** Default "text_proj". */
  readonly projection?: string;
  /** Default "decoder_scheduler". */
  readonly scheduler?: string;
}

/** Loads the decoder of a model folder in Karlo's layout. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold a decoder that fits its config */
export async function loadKarloDecoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadKarloDecoderOptions,
): Promise<Decoder> {
  checkRuntime("loadKarloDecoder", runtime);
  checkArgument(
    "loadKarloDecoder",
    options?.text,
    ["length", "width"],
    "text: { length, width } of the text encoder's states",
  );
  const { text, component = "decoder", projection = "text_proj", scheduler = "decoder_scheduler" } = options;
  const json = async (name: string) =>
    [await readJson(folder, `${name}/config.json`), `${folder.name}/${name}/config.json`] as const;
  const projectionConfig = readTextProjectionConfig(...(await json(projection)));
  const config = readKarloDecoderConfig(...(await json(component)));
  checkFit(projectionConfig, config, folder.name);
  const projectionGraph = textProjectionNetwork(projectionConfig, text.width, await readCheckpoint(folder, projection));
  const checkpoint = await readCheckpoint(folder, component);
  const graph = (deep?: DeepFeatures) => karloUnet(config, checkpoint, deep);
  return createKarloDecoder(
    {
      projection: runtime.network(projectionGraph, folder),
      unet: runtime.network(graph(), folder),
      split: splitUnet(graph, runtime, folder),
    },
    { projection: projectionConfig, unet: config, text, scheduler: await readScheduler(folder, scheduler) },
  );
}

/** The networks of a decoder. */
export interface KarloDecoderNetworks extends UnetForms {
  readonly projection: Network;
}

/** The sizes of a decoder and its noise process. */
export interface KarloDecoderSizes {
  readonly projection: TextProjectionConfig;
  readonly unet: KarloDecoderConfig;
  readonly text: TextSizes;
  readonly scheduler: SchedulerConfig;
}

/** The paper's decoder: denoises pixels, conditioned on the image embedding and the caption. It always attends to a caption;
 * without an image embedding a learned one stands there.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.1 */
export function createKarloDecoder(networks: KarloDecoderNetworks, sizes: KarloDecoderSizes): Decoder {
  const { unet: config, scheduler, projection } = sizes;
  return createDecoder({
    embeddingWidth: projection.embeddingWidth,
    scheduler,
    space: pixelSpace(config.inChannels, config.sampleSize),
    defaults: { steps: 25, guidanceScale: 8 },
    check: (condition, n, where) => checkCondition(condition, n, where, sizes),
    denoise(conditions, cacheInterval): Denoiser {
      const run = createUnetRunner(networks, cacheInterval);
      const rows = conditions.map((condition) => imageRows(condition, projection.embeddingWidth));
      let projected: Promise<Record<string, Tensor>> | undefined; // the same in every step
      return async (xt, t) => {
        projected ??= networks.projection.run({
          imageEmbedding: concatRows(rows.map((row) => row.imageEmbedding)),
          imageGiven: concatRows(rows.map((row) => row.imageGiven)),
          ...withoutPadding(concatText(...conditions.map(({ text }) => text!))),
        });
        const out = await run({ xt, t: tensor(Float32Array.of(t), [1]), ...(await projected) });
        return { type: scheduler.predictionType, output: out["prediction"]!, variance: out["variance"] };
      };
    },
  });
}

/** The image embedding of a condition, or zeros that count as "not given". */
function imageRows({ imageEmbedding, text }: DecoderCondition, width: number) {
  const n = text!.textEmbedding.dims[0]!;
  return {
    imageEmbedding: imageEmbedding ?? filled([n, width], 0),
    imageGiven: filled([n, 1], imageEmbedding === undefined ? 0 : 1),
  };
}

function checkCondition(
  { imageEmbedding, text }: DecoderCondition,
  n: number,
  where: string,
  { projection, text: sizes }: KarloDecoderSizes,
): void {
  const width = projection.embeddingWidth;
  if (imageEmbedding) checkDims(`${where}.imageEmbedding`, imageEmbedding, [n, width], "is the prior from this model?");
  if (text) return checkText(text, n, where, { ...sizes, embeddingWidth: width });
  throw new UnclipError(
    "input",
    `${where}.text: this decoder always attends to a caption; give the features of one, the empty caption for none`,
  );
}

function checkText(
  { textEmbedding, textStates, textMask }: TextFeatures,
  n: number,
  where: string,
  { length, width, embeddingWidth }: TextSizes & { readonly embeddingWidth: number },
): void {
  const hint = "is the text encoder from this model?";
  checkDims(`${where}.textEmbedding`, textEmbedding, [n, embeddingWidth], hint);
  checkDims(`${where}.textStates`, textStates, [n, length, width], hint);
  checkDims(`${where}.textMask`, textMask, [n, length], hint);
}

function checkFit(projection: TextProjectionConfig, unet: KarloDecoderConfig, where: string): void {
  const timeWidth = unet.blockOutChannels[0]! * 4;
  const pairs = [
    ["text_proj.cross_attention_dim", projection.contextWidth, "decoder.cross_attention_dim", unet.contextWidth],
    ["text_proj.time_embed_dim", projection.timeWidth, "four times decoder.block_out_channels[0]", timeWidth],
  ] as const;
  for (const [left, a, right, b] of pairs) {
    if (a === b) continue;
    throw new UnclipError(
      "config",
      `${where}: ${left} is ${a}, ${right} is ${b}; are text_proj and decoder from one model?`,
    );
  }
}
