import { UnclipError } from "@unclip/tensor";
import { SAMPLER_OPTIONS, specOf, type SamplerName, type SamplerSpec } from "./create-sampler.js";
import { checkOptions, shown } from "./options.js";

/** The sampler that a text such as "ddim:eta=0.5,spacing=trailing" names. After the name and a colon come its options; a value is
 * JSON or a bare word. Options that are required may still be missing.
 * @throws UnclipError "input" for an unknown name or option, or a value that does not fit */
export function parseSampler(text: string): SamplerSpec {
  const colon = text.indexOf(":");
  const { name } = specOf((colon < 0 ? text : text.slice(0, colon)) as SamplerName);
  const pairs = colon < 0 ? [] : splitAtCommas(text.slice(colon + 1)).map((pair) => parsePair(name, pair));
  const twice = pairs.find(([key], i) => pairs.findIndex(([other]) => other === key) < i);
  if (twice) throw new UnclipError("input", `sampler ${name}: ${shown(twice[0])} is given twice`);
  const options = Object.fromEntries(pairs);
  checkOptions(name, SAMPLER_OPTIONS[name], options);
  return { name, ...options } as SamplerSpec;
}

/** The text that {@link parseSampler} reads as this choice. */
export function formatSampler(choice: SamplerName | SamplerSpec): string {
  const { name, ...options } = specOf(choice);
  const pairs = Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return pairs.length === 0 ? name : `${name}:${pairs.join(",")}`;
}

function parsePair(name: SamplerName, pair: string): [key: string, value: unknown] {
  const equals = pair.indexOf("=");
  if (equals < 1) {
    const example = "ddim:eta=0.5,spacing=trailing";
    throw new UnclipError("input", `sampler ${name}: expected options as in ${example}, got ${shown(pair)}`);
  }
  const value = pair.slice(equals + 1);
  try {
    return [pair.slice(0, equals), JSON.parse(value)];
  } catch {
    return [pair.slice(0, equals), value];
  }
}

/** The parts between commas that are not inside of brackets. */
function splitAtCommas(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "," && depth === 0) {
      parts.push("");
      continue;
    }
    if ("{[".includes(character)) depth++;
    if ("}]".includes(character)) depth--;
    parts[parts.length - 1] += character;
  }
  return parts;
}
