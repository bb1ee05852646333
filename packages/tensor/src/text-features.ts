import { UnclipError } from "./errors.js";
import { concatRows, repeatRows, rows, splitChannels, valuesOf, type Tensor } from "./tensor.js";

/** What CLIP says of N captions: the record that the text encoder gives and that prior and decoder take. */
export interface TextFeatures {
  /** CLIP text embedding z_t, [N, D], not normalised. */
  readonly textEmbedding: Tensor;
  /** Last hidden states after the final norm, [N, L, W]. */
  readonly textStates: Tensor;
  /** 1 for a token of the caption, 0 for padding, [N, L]. */
  readonly textMask: Tensor;
}

/** The features of several lists of captions one after another. */
export function concatText(...parts: readonly TextFeatures[]): TextFeatures {
  return fieldwise((field) => concatRows(parts.map((part) => part[field])));
}

/** Each caption's features `times` times in a row. */
export function repeatText(text: TextFeatures, times: number): TextFeatures {
  return fieldwise((field) => repeatRows(text[field], times));
}

/** The features of captions [start, end), copied. */
export function sliceText(text: TextFeatures, start: number, end: number): TextFeatures {
  return fieldwise((field) => rows(text[field], start, end));
}

/** The features of one unconditional caption for each of `n` rows, where they are not there already.
 * @throws UnclipError "shape" if there is neither one row nor n */
export function textRows(text: TextFeatures, n: number, where: string): TextFeatures {
  const count = text.textEmbedding.dims[0]!;
  if (count === n) return text;
  if (count === 1) return repeatText(text, n);
  throw new UnclipError("shape", `${where}: expected text features of 1 or ${n} captions, got ${count}`);
}

/** Captions without the tokens at their end that count in none of them: attention never sees those, so that a network
 * need not compute them. One token at least stays. */
export function withoutPadding({ textEmbedding, textStates, textMask }: TextFeatures): TextFeatures {
  const length = textMask.dims[1]!;
  const counting = valuesOf(textMask).reduce(
    (most, value, i) => (value > 0 ? Math.max(most, (i % length) + 1) : most),
    1,
  );
  return {
    textEmbedding,
    textStates: splitChannels(textStates, counting)[0],
    textMask: splitChannels(textMask, counting)[0],
  };
}

function fieldwise(f: (field: keyof TextFeatures) => Tensor): TextFeatures {
  return { textEmbedding: f("textEmbedding"), textStates: f("textStates"), textMask: f("textMask") };
}
