import { textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { repeatText, sliceText, UnclipError, type Tensor } from "@unclip/tensor";
import { checkKeys, fillStage } from "./fill-request.js";
import type { LoadedModel, Workplace } from "./operation.js";
import type { FilledStage, PriorKind, PriorSettings } from "./request.js";
import type { Stages } from "./stages.js";
import type { StageStep } from "./timeline.js";

/** The prior of a request: its settings with every gap filled, or one of the caller's. */
export type FilledPrior = Prior | (FilledStage & { readonly kind: PriorKind });

/** Fills the gaps of a prior's settings.
 * @throws UnclipError "input" for a value that cannot be, or a prior that the model does not have */
export function fillPrior(
  given: PriorKind | PriorSettings | Prior = {},
  { stages, defaults }: LoadedModel,
): FilledPrior {
  if (isPrior(given)) return given;
  const settings = typeof given === "string" ? { kind: given } : given;
  checkKeys("prior", settings, ["kind", "steps", "guidanceScale", "sampler"]);
  const { kind = "diffusion" } = settings;
  const scheduler = priorOf(kind, stages) === stages.prior ? stages.prior?.scheduler : undefined;
  return { kind, ...fillStage("prior", settings, defaults.prior, scheduler) };
}

/** Captions to image embeddings, [captions x n, D]; undefined where the prior gives none.
 * @param n embeddings for each caption, in a row; default 1 */
export async function* embedCaptions(
  { stages, timeline, random, signal }: Workplace,
  captions: readonly string[],
  { prior: settings, negative, n = 1 }: { readonly prior: FilledPrior; readonly negative: string; readonly n?: number },
): AsyncGenerator<StageStep, Tensor | undefined> {
  const prior = isPrior(settings) ? settings : priorOf(settings.kind, stages);
  const encoded = yield* timeline.run({ name: "clip", work: () => stages.textEncoder.embed([...captions, negative]) });
  const text = repeatText(sliceText(encoded, 0, captions.length), n);
  const away = sliceText(encoded, captions.length, captions.length + 1);
  return yield* timeline.run({
    name: "prior",
    steps: isPrior(settings) || prior !== stages.prior ? 1 : settings.steps,
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
    case "text-embedding":
      return textEmbeddingAsPrior;
    case "none":
      return withoutPrior;
    default:
      throw new UnclipError("input", `prior.kind: expected diffusion, text-embedding or none, got ${String(kind)}`);
  }
}
