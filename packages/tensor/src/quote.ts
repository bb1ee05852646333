/** Foreign text as a message may quote it: on one line, without control characters, cut where it is long.
 * @param max characters at most, with the "..." that marks a cut */
export function quote(text: string, max = 100): string {
  const start = text.slice(0, 4 * max); // a long text is not searched to its end
  const line = start.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ");
  const cut = start.length < text.length || line.length > max;
  return cut ? `${line.slice(0, max - 3)}...` : line;
}
