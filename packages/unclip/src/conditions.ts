import { repeatRows, repeatText, type Random } from "@unclip/tensor";
import type { DecoderCondition } from "@unclip/decoder";
import type { Workplace } from "./operation.js";
import type { FilledRequest } from "./request.js";
import type { Conditions, Subject } from "./stages.js";

/** What pictures shall show, besides what the request says of all of them. */
export interface Shown extends Pick<Subject, "imageEmbedding" | "captions" | "pictures"> {
  /** Source of the noise of image embeddings; default the workplace's own. */
  readonly random?: Random;
}

/** What the decoder is conditioned on for some pictures of a request. What captions lose on the way becomes a warning. */
export async function conditionsOf(
  { stages, random, warn }: Workplace,
  { negative, noiseLevel }: FilledRequest,
  shown: Shown,
): Promise<Conditions> {
  const settings = { negatives: [negative].flat(), ...(noiseLevel !== undefined && { noiseLevel }) };
  const conditions = await stages.conditions({ random, ...settings, ...shown });
  conditions.warnings?.forEach(warn);
  return conditions;
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
