import type { MultilingualTextEncoder, TextEncoder } from "@unclip/clip";
import { repeatText, sliceText, type TextFeatures } from "@unclip/tensor";
import { cutWarnings } from "../cut-warnings.js";
import type { Subject } from "../stages.js";

/** What a decoder reads of captions. */
export interface ReadCaptions {
  /** Of each picture's caption, or of the empty one. */
  readonly text: TextFeatures;
  /** Of what guidance leads away from: one for all pictures, or one for each. */
  readonly away: TextFeatures;
  /** What of the captions was not read, in sentences. */
  readonly warnings: readonly string[];
}

/** Reads the captions of pictures and the negative ones, all at once.
 * @param textLength L, tokens of a caption with its start and end */
export async function readCaptions(
  textEncoder: Pick<TextEncoder | MultilingualTextEncoder, "embed">,
  { captions = [""], negatives, pictures }: Pick<Subject, "captions" | "negatives" | "pictures">,
  textLength: number,
): Promise<ReadCaptions> {
  const encoded = await textEncoder.embed([...captions, ...negatives]);
  const text = sliceText(encoded, 0, captions.length);
  const away = sliceText(encoded, captions.length, captions.length + negatives.length);
  return {
    text: repeatText(text, pictures / captions.length),
    away: negatives.length === 1 ? away : repeatText(away, pictures / negatives.length),
    warnings: cutWarnings(encoded.cut, textLength),
  };
}
