import { rerank, textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { planSampling, sample, type Denoiser } from "@unclip/sampler";
import {
  concatText,
  filled,
  repeatText,
  rows,
  sliceText,
  textRows,
  UnclipError,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import { cutWarnings } from "./cut-warnings.js";
import { demand, lackOf, type Feature } from "./features.js";
import { checkKeys, checkRange, checkWhole, fillStage } from "./fill-request.js";
import type { LoadedModel, Workplace } from "./operation.js";
import type { FilledRequest, FilledStage, PriorKind, PriorSettings } from "./request.js";
import type { Stages } from "./stages.js";
import type { StageStep } from "./timeline.js";

/** The prior of a request: its settings with every gap filled, or one of the caller's. */
export type FilledPrior = Prior | FilledPriorSettings;

interface FilledPriorSettings extends FilledStage, Pick<PriorSettings, "candidates" | "temperature" | "topP"> {
  readonly kind: PriorKind;
}

/** The prior of captions about which a request says nothing more. */
export const PRIOR_SETTINGS: FilledPrior = { kind: "diffusion", steps: 25, guidanceScale: 4 };

const PRIOR_KEYS = [
  "kind",
  "steps",
  "guidanceScale",
  "guidanceInterval",
  "sampler",
  "candidates",
  "temperature",
  "topP",
];

/** Fills the gaps of a prior's settings.
 * @throws UnclipError "input" for a value that cannot be, or a prior that the model does not have */
export function fillPrior(given: PriorKind | PriorSettings | Prior = {}, loaded: LoadedModel): FilledPrior {
  const { stages, defaults } = loaded;
  if (isPrior(given)) {
    demand(loaded, "textEncoder", "prior");
    return given;
  }
  const settings = typeof given === "string" ? { kind: given } : given;
  checkKeys("prior", settings, PRIOR_KEYS);
  const { kind = "diffusion", candidates, temperature, topP } = settings;
  checkKind(kind, loaded);
  if (candidates !== undefined) checkWhole("prior.candidates", candidates, MOST_CANDIDATES);
  if (temperature !== undefined) checkRange("prior.temperature", temperature, 0, 10);
  if (topP !== undefined) checkRange("prior.topP", topP, Number.MIN_VALUE, 1);
  return {
    kind,
    ...(kind === "diffusion"
      ? fillStage("prior", settings, defaults.prior, stages.prior?.scheduler)
      : fillStage("prior", settings, { steps: stepsOf(kind, stages), guidanceScale: 1 }, undefined)),
    ...(candidates !== undefined && { candidates }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
  };
}

/** The same where the request may do without: undefined where nothing needs a prior, none was asked for, and the model has none. */
export function fillPriorFor(
  isNeeded: boolean,
  given: PriorKind | PriorSettings | Prior | undefined,
  loaded: LoadedModel,
): FilledPrior | undefined {
  const isMissing = lackOf(loaded.lacks, "prior") !== undefined;
  return !isNeeded && given === undefined && isMissing ? undefined : fillPrior(given, loaded);
}

/** Embeddings of a caption that are drawn together. */
const MOST_CANDIDATES = 16;

/** Steps of a prior that does not sample in time. */
function stepsOf(kind: PriorKind, { autoregressivePrior }: Stages): number {
  return kind === "autoregressive" ? autoregressivePrior!.config.components : 1;
}

/** What captions become image embeddings by. */
export interface EmbedCaptionsOptions {
  readonly prior: FilledPrior;
  readonly negative: FilledRequest["negative"];
  /** Embeddings for each caption, in a row; default 1. */
  readonly n?: number;
}

/** What captions became. */
export interface EmbeddedCaptions {
  /** z_i, [captions x n, D]; absent where the prior gives none. */
  readonly imageEmbedding?: Tensor;
  /** Those of the negative captions, of the same shape, where the decoder is led away from such. */
  readonly negativeEmbedding?: Tensor;
}

/** Captions to image embeddings. Where negative captions become embeddings too, the prior makes both at once, and leads all of them away
 * from the negative captions. */
export async function* embedCaptions(
  { stages, timeline, random, signal, warn }: Workplace,
  captions: readonly string[],
  { prior: settings, negative, n = 1 }: EmbedCaptionsOptions,
): AsyncGenerator<StageStep, EmbeddedCaptions> {
  const { textEncoder, priorNegative = "caption" } = stages;
  if (textEncoder === undefined) return {}; // of a model whose captions condition the decoder alone
  const prior = isPrior(settings)
    ? settings
    : rerank(priorOf(settings.kind, stages), { candidates: settings.candidates ?? 1 });
  const negatives = priorNegative === "empty" ? [""] : [negative].flat();
  const encoded = yield* timeline.run({ name: "clip", work: () => textEncoder.embed([...captions, ...negatives]) });
  cutWarnings(encoded.cut, textEncoder.config.textLength).forEach(warn);
  const text = repeatText(sliceText(encoded, 0, captions.length), n);
  const ofNegatives = sliceText(encoded, captions.length, captions.length + negatives.length);
  const away = negatives.length === 1 ? ofNegatives : repeatText(ofNegatives, n);
  const count = captions.length * n;
  const embed = (given: TextFeatures, from: TextFeatures) =>
    timeline.run({
      name: "prior",
      steps: isPrior(settings) ? 1 : settings.steps,
      schedule: isPrior(settings) || settings.kind !== "diffusion" ? undefined : stages.prior?.scheduler.schedule,
      work: () => prior.embed(given, { ...(isPrior(settings) ? {} : settings), negative: from, random, signal }),
    });
  if (priorNegative !== "embedding" || negatives.every((one) => one === "")) {
    const imageEmbedding = yield* embed(text, away);
    return imageEmbedding === undefined ? {} : { imageEmbedding };
  }
  const each = textRows(away, count, "negative");
  const both = yield* embed(concatText(text, each), concatText(each, each));
  if (both === undefined) return {};
  return { imageEmbedding: rows(both, 0, count), negativeEmbedding: rows(both, count, 2 * count) };
}

/** Takes the random numbers that the prior would take for one caption, without asking its network: the reference's pipeline runs it once more
 * for a caption whose embedding it does not use. */
export async function drawAsPrior({ stages: { prior }, random }: Workplace, settings: FilledPrior): Promise<void> {
  if (prior === undefined || isPrior(settings) || settings.kind !== "diffusion") return;
  const { scheduler, config } = prior;
  const still: Denoiser = async ({ dims }) => ({ type: scheduler.predictionType, output: filled(dims, 0) });
  const xT = random.normal([1, config.embeddingWidth]);
  await sample(still, { ...planSampling(scheduler, "prior", settings), xT, random });
}

function isPrior(prior: unknown): prior is Prior {
  return typeof prior === "object" && prior !== null && "embed" in prior;
}

/** What a kind of prior needs of a model. */
const NEEDS = {
  diffusion: "prior",
  autoregressive: "autoregressivePrior",
  "text-embedding": "textEmbedding",
  none: "withoutPrior",
} as const satisfies Readonly<Record<PriorKind, Feature>>;

/** Throws unless there is such a kind of prior, and the model has it.
 * @throws UnclipError "input" */
function checkKind(kind: unknown, loaded: LoadedModel): void {
  if (typeof kind === "string" && Object.hasOwn(NEEDS, kind)) {
    return demand(loaded, NEEDS[kind as PriorKind], "prior.kind");
  }
  throw new UnclipError(
    "input",
    `prior.kind: expected diffusion, autoregressive, text-embedding or none, got ${String(kind)}`,
  );
}

/** The prior of a kind that the model has. */
function priorOf(kind: PriorKind, stages: Stages): Prior {
  switch (kind) {
    case "diffusion":
      return stages.prior!;
    case "autoregressive":
      return stages.autoregressivePrior!;
    case "text-embedding":
      return textEmbeddingAsPrior;
    case "none":
      return withoutPrior;
  }
}
