import { UnclipError } from "./errors.js";

/** The JSON object that `text` holds.
 * @param where the file's name, for messages
 * @throws UnclipError "config" if it is not JSON, or not an object */
export function parseRecord(text: string, where: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(withoutInfinity(text));
  } catch (cause) {
    throw new UnclipError("config", `${where}: not valid JSON (${(cause as Error).message}); download the file again`, {
      cause,
    });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new UnclipError(
      "config",
      `${where}: expected a JSON object, got ${Array.isArray(json) ? "an array" : String(json)}`,
    );
  }
  return json as Record<string, unknown>;
}

/** Python writes Infinity, -Infinity and NaN into JSON, which has no word for them: 1e999 reads as Infinity, null stands for NaN. */
function withoutInfinity(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|Infinity|NaN/g, (token) => {
    if (token === "Infinity") return "1e999";
    return token === "NaN" ? "null" : token;
  });
}
