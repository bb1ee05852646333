/** Control and format characters, line separators and halves of surrogate pairs: they end a line, change its direction, or command
 * a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** Foreign text as a message may quote it: on one line, without anything that a terminal obeys, cut where it is long.
 * @param text what is not a string is made one
 * @param options.max characters at most, with the "..." that marks a cut; default 100 */
export function quote(text: unknown, { max = 100 }: { readonly max?: number } = {}): string {
  const whole = stringOf(text);
  const start = whole.slice(0, 4 * max); // a long text is not searched to its end
  const line = Array.from(start.replace(UNPRINTABLE, " "));
  const cut = start.length < whole.length || line.length > max;
  return cut ? `${line.slice(0, max - 3).join("")}...` : line.join("");
}

function stringOf(text: unknown): string {
  try {
    return String(text);
  } catch {
    return Object.prototype.toString.call(text); // an object whose toString throws, or is no function
  }
}
