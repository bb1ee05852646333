import { cutWarnings } from "./cut-warnings.js";
import { demand, lackOf, type Feature } from "./features.js";
import { rerank, textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { repeatText, sliceText, UnclipError, type Tensor } from "@unclip/tensor";
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

const PRIOR_KEYS = ["kind", "steps", "guidanceScale", "sampler", "candidates", "temperature", "topP"];

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

/** Captions to image embeddings, [captions x n, D]; undefined where the prior gives none. */
export async function* embedCaptions(
  { stages, timeline, random, signal, warn }: Workplace,
  captions: readonly string[],
  { prior: settings, negative, n = 1 }: EmbedCaptionsOptions,
): AsyncGenerator<StageStep, Tensor | undefined> {
  const { textEncoder, priorNegative = "caption" } = stages;
  if (textEncoder === undefined) return undefined; // of a model whose captions condition the decoder alone
  const prior = isPrior(settings)
    ? settings
    : rerank(priorOf(settings.kind, stages), { candidates: settings.candidates ?? 1 });
  const negatives = priorNegative === "empty" ? [""] : [negative].flat();
  const encoded = yield* timeline.run({ name: "clip", work: () => textEncoder.embed([...captions, ...negatives]) });
  cutWarnings(encoded.cut, textEncoder.config.textLength).forEach(warn);
  const text = repeatText(sliceText(encoded, 0, captions.length), n);
  const away = sliceText(encoded, captions.length, captions.length + negatives.length);
  return yield* timeline.run({
    name: "prior",
    steps: isPrior(settings) ? 1 : settings.steps,
    work: () =>
      prior.embed(text, {
        ...(isPrior(settings) ? {} : settings),
        negative: negatives.length === 1 ? away : repeatText(away, n),
        random,
        signal,
      }),
  });
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
