import { UnclipError } from "@unclip/tensor";
import packageJson from "../package.json" with { type: "json" };
import type { LoadedModel } from "./operation.js";
import type { FilledRequest } from "./request.js";

/** Everything needed to paint the same pictures again: the filled request of an operation, the model and the versions. It is plain data:
 * it can be posted to a Worker, put into a queue, a link, or a PNG. */
export interface Recipe extends FilledRequest {
  /** What was asked for: "generate", "vary", ... */
  readonly operation: string;
  readonly model: string;
  /** The model that the prior is from, where that is another one. */
  readonly priorModel?: string;
  /** "int8" where the model was loaded with that dtype. */
  readonly dtype?: "int8";
  /** "float16" where networks computed with that. */
  readonly arithmetic?: "float16";
  /** Versions of unclip and of ONNX Runtime. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The recipe of a filled request. */
export function recipeOf(
  { model, priorModel, dtype, runtime }: LoadedModel,
  operation: string,
  filled: FilledRequest,
): Recipe {
  const { arithmetic } = runtime;
  const versions = { unclip: packageJson.version, onnxruntime: runtime.version };
  return {
    operation,
    ...(plainData(filled) as FilledRequest),
    model,
    ...(priorModel !== undefined && { priorModel }),
    ...(dtype !== undefined && { dtype }),
    ...(arithmetic === "float16" && { arithmetic }),
    versions,
  };
}

/** A request as plain data. A prior or a sampler of the caller's becomes its name, which no model knows: what it does cannot be
 * painted again from a recipe. */
function plainData(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plainData);
  const { name } = value as { name?: unknown };
  if ("begin" in value) return `own:${String(name)}`;
  if ("embed" in value) return { kind: `own:${String(name)}` };
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries.map(([key, entry]) => [key, plainData(entry)]));
}

/** The parts of a recipe: its operation, and a request for it.
 * @param changes settings to take in place of the recipe's; those of a stage one by one. A preset takes the place of all that presets set
 * @throws UnclipError "input" if it is no recipe */
export function requestOf(
  recipe: Recipe,
  changes: Readonly<Record<string, unknown>> = {},
): { readonly operation: string; readonly request: Record<string, unknown> } {
  if (typeof recipe !== "object" || recipe === null || typeof recipe.operation !== "string") {
    throw new UnclipError("input", "recipe: expected the recipe of a generation, with its operation");
  }
  const { operation, model: _, priorModel: _priorModel, dtype: _dtype, ...rest } = recipe;
  const { arithmetic: _arithmetic, versions: _versions, ...request } = rest;
  const changed: Record<string, unknown> = "preset" in changes ? withoutPreset(request) : { ...request };
  for (const [key, value] of Object.entries(changes)) {
    changed[key] = isSettings(value) && isSettings(changed[key]) ? { ...changed[key], ...value } : value;
  }
  if ("items" in changed && DRAWN_FROM.some((key) => key in changes)) changed["items"] = drawnAnew(changed["items"]);
  if (changed["seed"] === undefined && changed["random"] === undefined) {
    throw new UnclipError(
      "input",
      "recipe: has no seed, because its pictures came from a random stream of the caller's; give one",
    );
  }
  return { operation, request: changed };
}

/** What presets set of a stage. */
const PRESET_KEYS = ["steps", "sampler", "guidanceInterval", "cacheInterval"];

/** A request without what presets set. A decoder that goes back from an inverted picture has settings of its own. */
function withoutPreset(request: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const without = (settings: unknown) =>
    isSettings(settings)
      ? Object.fromEntries(Object.entries(settings).filter(([key]) => !PRESET_KEYS.includes(key)))
      : settings;
  const { prior, decoder, upsamplers } = request;
  return {
    ...request,
    ...(prior !== undefined && { prior: without(prior) }),
    ...(decoder !== undefined && { decoder: "refinements" in request ? decoder : without(decoder) }),
    ...(Array.isArray(upsamplers) && { upsamplers: upsamplers.map(without) }),
  };
}

/** What the image embedding of a caption depends on. */
const DRAWN_FROM = ["prior", "preset", "seed", "random", "negative"];

/** Items without the embeddings that the prior once gave their captions. */
function drawnAnew(items: unknown): unknown {
  if (!Array.isArray(items)) return items;
  return items.map((item) => (isSettings(item) && "caption" in item ? item["caption"] : item));
}

function isSettings(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
