import { readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import {
  readJson,
  checkDims,
  clamp,
  concatRows,
  concatText,
  filled,
  tensor,
  textRows,
  UnclipError,
  type Random,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import {
  readScheduler,
  planSampling,
  sample,
  withGuidance,
  type Denoiser,
  type SamplerChoice,
  type SampleStep,
  type SchedulerConfig,
} from "@unclip/sampler";
import {
  readDecoderConfig,
  readTextProjectionConfig,
  type DecoderConfig,
  type TextProjectionConfig,
} from "./config.js";
import { textProjectionNetwork, type TextSizes } from "./networks/text-projection.js";
import { decoderNetwork } from "./networks/unet.js";

/** What the decoder paints: an image embedding, captions, or both. */
export interface DecoderCondition {
  /** CLIP image embeddings z_i, [N, D]; without it the learned null embedding stands there. */
  readonly imageEmbedding?: Tensor;
  /** Features of N captions; without it the empty caption stands there. */
  readonly text?: TextFeatures;
}

/** Options of {@link Decoder.decode}. */
export interface DecoderOptions {
  /** Features of the empty caption, one row or one per picture; what guidance leads away from. */
  readonly unconditional: TextFeatures;
  /** Source of the noise. */
  readonly random: Random;
  /** Sampling steps; default 25. */
  readonly steps?: number;
  /** Another sampler than the model's own, for example "dpmpp-2m" or { name: "ddim", eta: 0.5 }. */
  readonly sampler?: SamplerChoice;
  /** uncond + s (cond - uncond): 1 is off; default 8. */
  readonly guidanceScale?: number;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** Paints pictures from CLIP embeddings. */
export interface Decoder {
  readonly config: DecoderConfig;
  readonly projection: TextProjectionConfig;
  readonly scheduler: SchedulerConfig;
  /** @returns after yielding its steps, pixels [N, 3, S, S] in [-1, 1]
   * @throws UnclipError "shape" if the condition is not from this model, "input" if there is none, "aborted" if the signal fires */
  decode(condition: DecoderCondition, options: DecoderOptions): AsyncGenerator<SampleStep, Tensor>;
}

/** Options of {@link loadDecoder}: where its parts lie in the model folder, and the captions it shall take. */
export interface LoadDecoderOptions {
  /** L and W of the text encoder's states. */
  readonly text: TextSizes;
  /** Default "decoder". */
  readonly component?: string;
  /** Default "text_proj". */
  readonly projection?: string;
  /** Default "decoder_scheduler". */
  readonly scheduler?: string;
}

/** Loads the decoder of a model folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold a decoder that fits its config */
export async function loadDecoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadDecoderOptions,
): Promise<Decoder> {
  const { text, component = "decoder", projection = "text_proj", scheduler = "decoder_scheduler" } = options;
  const json = async (name: string) =>
    [await readJson(folder, `${name}/config.json`), `${folder.name}/${name}/config.json`] as const;
  const projectionConfig = readTextProjectionConfig(...(await json(projection)));
  const config = readDecoderConfig(...(await json(component)));
  checkFit(projectionConfig, config, folder.name);
  const projectionGraph = textProjectionNetwork(projectionConfig, text, await readCheckpoint(folder, projection));
  const graph = decoderNetwork(
    config,
    projectionConfig.extraTokens + text.length,
    await readCheckpoint(folder, component),
  );
  return createDecoder(
    { projection: runtime.network(projectionGraph, folder), unet: runtime.network(graph, folder) },
    { projection: projectionConfig, unet: config, text, scheduler: await readScheduler(folder, scheduler) },
  );
}

/** The networks of a decoder. */
export interface DecoderNetworks {
  readonly projection: Network;
  readonly unet: Network;
}

/** The sizes of a decoder and its noise process. */
export interface DecoderParts {
  readonly projection: TextProjectionConfig;
  readonly unet: DecoderConfig;
  readonly text: TextSizes;
  readonly scheduler: SchedulerConfig;
}

/** The paper's decoder: denoises pixels, conditioned on the image embedding and the caption, with guidance on both together.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.1 */
export function createDecoder(networks: DecoderNetworks, parts: DecoderParts): Decoder {
  const { unet: config, scheduler } = parts;
  return {
    config,
    projection: parts.projection,
    scheduler,
    async *decode(condition, { unconditional, random, steps = 25, sampler, guidanceScale = 8, signal }) {
      const n = (condition.imageEmbedding ?? condition.text?.textEmbedding)?.dims[0];
      if (n === undefined) throw new UnclipError("input", "decoder: give an imageEmbedding, text, or both");
      checkCondition(condition, n, parts);
      const plan = planSampling(scheduler, "decoder", { steps, sampler });
      const empty = textRows(unconditional, n, "decoder.unconditional");
      const rows = [conditionRows(condition, empty, n, parts)];
      if (guidanceScale !== 1) rows.unshift(conditionRows({}, empty, n, parts));
      const conditions = await networks.projection.run({
        imageEmbedding: concatRows(rows.map((row) => row.imageEmbedding)),
        imageGiven: concatRows(rows.map((row) => row.imageGiven)),
        ...concatText(...rows.map((row) => row.text)),
      });
      const denoise: Denoiser = async (xt, t) => {
        const out = await networks.unet.run({ xt, t: tensor(Float32Array.of(t), [1]), ...conditions });
        return { type: scheduler.predictionType, output: out["prediction"]!, variance: out["variance"] };
      };
      const pixels = yield* sample(guidanceScale === 1 ? denoise : withGuidance(denoise, guidanceScale), {
        ...plan,
        xT: random.normal([n, config.inChannels, config.sampleSize, config.sampleSize]),
        random,
        signal,
      });
      return clamp(pixels, -1, 1);
    },
  };
}

/** A condition with its gaps filled: no image embedding means "not given", no text means the empty caption. */
function conditionRows(
  { imageEmbedding, text }: DecoderCondition,
  empty: TextFeatures,
  n: number,
  { projection }: DecoderParts,
) {
  return {
    imageEmbedding: imageEmbedding ?? filled([n, projection.embeddingWidth], 0),
    imageGiven: filled([n, 1], imageEmbedding === undefined ? 0 : 1),
    text: text ?? empty,
  };
}

function checkCondition(
  { imageEmbedding, text }: DecoderCondition,
  n: number,
  { projection, text: sizes }: DecoderParts,
): void {
  const width = projection.embeddingWidth;
  if (imageEmbedding) checkDims("decoder.imageEmbedding", imageEmbedding, [n, width], "is the prior from this model?");
  if (!text) return;
  const hint = "is the text encoder from this model?";
  checkDims("decoder.textEmbedding", text.textEmbedding, [n, width], hint);
  checkDims("decoder.textStates", text.textStates, [n, sizes.length, sizes.width], hint);
  checkDims("decoder.textMask", text.textMask, [n, sizes.length], hint);
}

function checkFit(projection: TextProjectionConfig, decoder: DecoderConfig, where: string): void {
  const pairs = [
    ["text_proj.cross_attention_dim", projection.contextWidth, "decoder.cross_attention_dim", decoder.contextWidth],
    [
      "text_proj.time_embed_dim",
      projection.timeWidth,
      "four times decoder.block_out_channels[0]",
      decoder.blockOutChannels[0]! * 4,
    ],
  ] as const;
  for (const [left, a, right, b] of pairs) {
    if (a !== b)
      throw new UnclipError(
        "config",
        `${where}: ${left} is ${a}, ${right} is ${b}; are text_proj and decoder from one model?`,
      );
  }
}
