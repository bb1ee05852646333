/** What a terminal would obey, or show as something else than it is: control and format characters and line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A value as one line of JSON in which a terminal finds nothing to obey: such characters are escaped, which JSON reads back. */
export function jsonLine(value: unknown): string {
  const escaped = (character: string) =>
    Array.from({ length: character.length }, (_, i) => {
      const unit = character.charCodeAt(i).toString(16);
      return `\\u${unit.padStart(4, "0")}`;
    }).join("");
  return `${JSON.stringify(value).replace(UNPRINTABLE, escaped)}\n`;
}
