import { textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { repeatText, sliceText, UnclipError } from "@unclip/tensor";
import { checkCaption, checkKeys, fillRequest, fillStage, PAINT_KEYS } from "./fill-request.js";
import type { LoadedModel, Operation } from "./operation.js";
import { decodeAndEnlarge } from "./decode-and-enlarge.js";
import type { FilledRequest, FilledStage, GenerateRequest, PriorKind, PriorSettings, RunOptions } from "./request.js";
import type { Stages } from "./stages.js";

/** A filled request of `generate`. */
export interface FilledGenerateRequest extends FilledRequest {
  readonly captions: readonly string[];
  readonly prior: Prior | FilledPrior;
}

type FilledPrior = FilledStage & { readonly kind: PriorKind };

/** Captions to pictures: text encoder, prior, decoder, upsamplers. Random numbers are drawn in the order of the reference's pipeline.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2 */
export const generate: Operation<
  GenerateRequest & RunOptions & { readonly captions: readonly string[] },
  FilledGenerateRequest
> = {
  name: "generate",
  fill(request, loaded) {
    checkKeys("generate", request, ["captions", "prior", ...PAINT_KEYS]);
    const captions = checkCaptions(request.captions);
    const { prior = {} } = request;
    return {
      captions,
      prior: isPrior(prior) ? prior : fillPrior(prior, loaded),
      ...fillRequest(request, loaded, captions.length),
    };
  },
  async *perform(workplace, filled) {
    const { stages, timeline, random, signal } = workplace;
    const { captions, negative, n, prior: settings } = filled;
    const prior = isPrior(settings) ? settings : priorOf(settings.kind, stages);
    const encoded = yield* timeline.run({
      name: "clip",
      work: () => stages.textEncoder.embed([...captions, negative]),
    });
    const text = repeatText(sliceText(encoded, 0, captions.length), n);
    const away = sliceText(encoded, captions.length, captions.length + 1);
    const imageEmbedding = yield* timeline.run({
      name: "prior",
      steps: isPrior(settings) || prior !== stages.prior ? 1 : settings.steps,
      work: () => prior.embed(text, { ...(isPrior(settings) ? {} : settings), negative: away, random, signal }),
    });
    const conditions = await stages.conditions({
      ...(imageEmbedding && { imageEmbedding }),
      captions,
      pictures: captions.length * n,
      negative,
    });
    const images = yield* decodeAndEnlarge(workplace, conditions, filled);
    return { images, imageEmbedding, warnings: cutWarnings(encoded.cut, stages.textEncoder.config.textLength) };
  },
};

function checkCaptions(captions: unknown): readonly string[] {
  if (!Array.isArray(captions))
    throw new UnclipError("input", "caption: expected a text or a list of them, got nothing of the kind");
  if (captions.length === 0) throw new UnclipError("input", "caption: expected one or more, got none");
  for (const caption of captions) checkCaption("caption", caption);
  return captions as string[];
}

function isPrior(prior: unknown): prior is Prior {
  return typeof prior === "object" && prior !== null && "embed" in prior;
}

function fillPrior(given: PriorKind | PriorSettings, { stages, defaults }: LoadedModel): FilledPrior {
  const settings = typeof given === "string" ? { kind: given } : given;
  checkKeys("prior", settings, ["kind", "steps", "guidanceScale", "sampler"]);
  const { kind = "diffusion" } = settings;
  priorOf(kind, stages);
  const scheduler = kind === "diffusion" ? stages.prior?.scheduler : undefined;
  return { kind, ...fillStage("prior", settings, defaults.prior, scheduler) };
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

function cutWarnings(cut: readonly (string | undefined)[], textLength: number): string[] {
  return cut.flatMap((rest) =>
    rest === undefined ? [] : [`caption: only ${textLength - 2} tokens fit, so this was cut off: "${rest}"`],
  );
}
