/** Sentences about what was cut off captions.
 * @param cut of each caption, the text that did not fit
 * @param textLength L, tokens of a caption with its start and end */
export function cutWarnings(cut: readonly (string | undefined)[], textLength: number): string[] {
  return cut.flatMap((rest) =>
    rest === undefined ? [] : [`caption: only ${textLength - 2} tokens fit, so this was cut off: "${rest}"`],
  );
}
