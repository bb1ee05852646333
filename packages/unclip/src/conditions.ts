import { repeatRows, repeatText, type Random, type Tensor } from "@unclip/tensor";
import type { DecoderCondition } from "@unclip/decoder";
import type { Workplace } from "./operation.js";
import { embedCaptions, PRIOR_SETTINGS } from "./prior-request.js";
import type { FilledRequest } from "./request.js";
import type { Conditions, Subject } from "./stages.js";
import type { StageStep } from "./timeline.js";

/** What pictures shall show, besides what the request says of all of them. */
export interface Shown extends Pick<Subject, "imageEmbedding" | "negativeEmbedding" | "captions" | "pictures"> {
  /** Source of the noise of image embeddings; default the workplace's own. */
  readonly random?: Random;
}

/** What the decoder is conditioned on for some pictures of a request. What captions lose on the way becomes a warning.
 * @returns after yielding the steps of the prior, where it has to make embeddings of negative captions */
export async function* conditionsOf(
  workplace: Workplace,
  filled: FilledRequest,
  shown: Shown,
): AsyncGenerator<StageStep, Conditions> {
  const { stages, random, warn } = workplace;
  const { negative, noiseLevel } = filled;
  const negatives = [negative].flat();
  const negativeEmbedding = shown.negativeEmbedding ?? (yield* embedNegatives(workplace, filled, shown));
  const conditions = await stages.conditions({
    random,
    negatives,
    ...(noiseLevel !== undefined && { noiseLevel }),
    ...shown,
    ...(negativeEmbedding && { negativeEmbedding }),
  });
  conditions.warnings?.forEach(warn);
  return conditions;
}

/** The image embeddings of negative captions, of a decoder that is led away from these: one for all pictures, or one for each. */
async function* embedNegatives(
  workplace: Workplace,
  { negative, decoder: { guidanceScale } }: FilledRequest,
  { pictures, random = workplace.random }: Shown,
): AsyncGenerator<StageStep, Tensor | undefined> {
  const negatives = [negative].flat();
  const isNeeded = workplace.stages.priorNegative === "embedding" && negatives.some((one) => one !== "");
  if (!isNeeded || guidanceScale === 1) return undefined;
  const { imageEmbedding } = yield* embedCaptions({ ...workplace, random }, negatives, {
    prior: PRIOR_SETTINGS,
    negative: "",
  });
  return negatives.length === 1 ? imageEmbedding : repeatRows(imageEmbedding!, pictures / negatives.length);
}

/** Each picture's condition `times` times in a row. */
export function repeatConditions({ condition, negative, ...rest }: Conditions, times: number): Conditions {
  const isForAll = rowsOf(negative) === 1;
  return { condition: repeated(condition, times), negative: isForAll ? negative : repeated(negative, times), ...rest };
}

/** N of a condition. */
export function rowsOf({ imageEmbedding, text }: DecoderCondition): number {
  return (imageEmbedding ?? text!.textEmbedding).dims[0]!;
}

function repeated({ imageEmbedding, text }: DecoderCondition, times: number): DecoderCondition {
  return {
    ...(imageEmbedding && { imageEmbedding: repeatRows(imageEmbedding, times) }),
    ...(text && { text: repeatText(text, times) }),
  };
}
