import { rerank, textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { repeatText, sliceText, UnclipError, type Tensor } from "@unclip/tensor";
import { checkKeys, checkRange, checkWhole, fillStage } from "./fill-request.js";
import type { LoadedModel, Workplace } from "./operation.js";
import type { FilledStage, PriorKind, PriorSettings } from "./request.js";
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
export function fillPrior(
  given: PriorKind | PriorSettings | Prior = {},
  { stages, defaults }: LoadedModel,
): FilledPrior {
  if (isPrior(given)) return given;
  const settings = typeof given === "string" ? { kind: given } : given;
  checkKeys("prior", settings, PRIOR_KEYS);
  const { kind = "diffusion", candidates, temperature, topP } = settings;
  priorOf(kind, stages);
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

/** Embeddings of a caption that are drawn together. */
const MOST_CANDIDATES = 16;

/** Steps of a prior that does not sample in time. */
function stepsOf(kind: PriorKind, { autoregressivePrior }: Stages): number {
  return kind === "autoregressive" ? autoregressivePrior!.config.components : 1;
}

/** Captions to image embeddings, [captions x n, D]; undefined where the prior gives none.
 * @param n embeddings for each caption, in a row; default 1 */
export async function* embedCaptions(
  { stages, timeline, random, signal }: Workplace,
  captions: readonly string[],
  { prior: settings, negative, n = 1 }: { readonly prior: FilledPrior; readonly negative: string; readonly n?: number },
): AsyncGenerator<StageStep, Tensor | undefined> {
  const prior = isPrior(settings)
    ? settings
    : rerank(priorOf(settings.kind, stages), { candidates: settings.candidates ?? 1 });
  const encoded = yield* timeline.run({ name: "clip", work: () => stages.textEncoder.embed([...captions, negative]) });
  const text = repeatText(sliceText(encoded, 0, captions.length), n);
  const away = sliceText(encoded, captions.length, captions.length + 1);
  return yield* timeline.run({
    name: "prior",
    steps: isPrior(settings) ? 1 : settings.steps,
    work: () => prior.embed(text, { ...(isPrior(settings) ? {} : settings), negative: away, random, signal }),
  });
}

function isPrior(prior: unknown): prior is Prior {
  return typeof prior === "object" && prior !== null && "embed" in prior;
}

/** The prior of a kind.
 * @throws UnclipError "input" if the model does not have it */
function priorOf(kind: PriorKind, stages: Stages): Prior {
  switch (kind) {
    case "diffusion":
      if (stages.prior) return stages.prior;
      throw new UnclipError(
        "input",
        `prior.kind: this model has no diffusion prior; choose "text-embedding" or "none"`,
      );
    case "autoregressive":
      if (stages.autoregressivePrior) return stages.autoregressivePrior;
      throw new UnclipError(
        "input",
        `prior.kind: this model has no autoregressive prior; choose "diffusion" or "none"`,
      );
    case "text-embedding":
      return textEmbeddingAsPrior;
    case "none":
      return withoutPrior;
    default:
      throw new UnclipError(
        "input",
        `prior.kind: expected diffusion, autoregressive, text-embedding or none, got ${String(kind)}`,
      );
  }
}
