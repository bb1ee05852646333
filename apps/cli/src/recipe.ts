import type { Picture, Recipe } from "unclip";

/** What a file shows of a generation: one picture, by its number from 1; all of them in a sheet, so many in a row; all of them in an
 * animation, each for so many milliseconds. */
export type Shown = { readonly picture: number } | { readonly columns: number } | { readonly delayMs: number };

/** A recipe as a PNG file carries it. */
export type RecipeOfFile = Recipe & { readonly shows: Shown };

/** How many pictures a recipe paints; undefined for an operation of another version. */
export function picturesOf(recipe: Recipe): number | undefined {
  const { n, operation, captions, pictures, frames, counts } = recipe as Recipe & Readonly<Record<string, unknown>>;
  const lengthOf = (list: unknown) => (Array.isArray(list) ? list.length : 1);
  const painted: Readonly<Record<string, unknown>> = {
    generate: n * lengthOf(captions),
    vary: n * lengthOf(pictures),
    mix: n,
    interpolate: frames,
    edit: frames,
    components: lengthOf(counts),
    compare: 3,
  };
  return typeof painted[operation] === "number" ? painted[operation] : undefined;
}

/** The text chunks that go with a picture of a generation, by keyword. `parameters` is for people, in the form that many
 * picture viewers show; `unclip` is the recipe as JSON. */
export function recipeTexts(recipe: Recipe, picture: Picture, shows: Shown): Record<string, string> {
  return {
    parameters: sentenceOf(recipe, picture, shows),
    unclip: JSON.stringify({ ...recipe, shows } satisfies RecipeOfFile),
  };
}

/** What the text of a PNG file cannot hold: NUL and halves of surrogate pairs. A caption from a recipe may have them. */
const UNWRITABLE = /[\0\p{Surrogate}]/gu;

function sentenceOf(recipe: Recipe, { width, height }: Picture, shows: Shown): string {
  const { prior } = recipe as Partial<PriorRecipe>;
  const settings: [string, unknown][] = [
    ["Steps", recipe.decoder.steps],
    ["CFG scale", recipe.decoder.guidanceScale],
    ["CFG timesteps", recipe.decoder.guidanceInterval?.join("-")],
    ["Cache interval", recipe.decoder.cacheInterval],
    ["Preset", recipe.preset],
    ["Seed", recipe.seed],
    ["Size", `${width}x${height}`],
    ["Model", recipe.model],
    ["Prior model", recipe.priorModel],
    ["Arithmetic", recipe.arithmetic],
    ["Operation", recipe.operation === "generate" ? undefined : recipe.operation],
    ["Prior", prior?.kind],
    ["Prior steps", prior?.kind === "diffusion" ? prior.steps : undefined],
    ["Prior CFG scale", prior?.kind === "diffusion" ? prior.guidanceScale : undefined],
    ["Noise level", recipe.noiseLevel],
    ["Upsampler steps", recipe.upsamplers.map(({ steps }) => steps).join("+")],
    ["Image", "picture" in shows ? `${shows.picture} of ${picturesOf(recipe)}` : undefined],
    [
      "Version",
      Object.entries(recipe.versions)
        .map((entry) => entry.join(" "))
        .join(" + "),
    ],
  ];
  const known = settings.filter(([, value]) => value !== undefined && value !== "");
  const negatives = [recipe.negative].flat().filter((negative) => negative !== "");
  const negative = negatives.map((one) => `Negative prompt: ${one}`);
  const text = [...wordsOf(recipe), ...negative, known.map(([name, value]) => `${name}: ${String(value)}`).join(", ")];
  return text.join("\n").replace(UNWRITABLE, "\ufffd");
}

/** The captions of a recipe, one on each line. */
function wordsOf(recipe: Recipe): string[] {
  const { captions, items, caption, from, to } = recipe as Recipe & Readonly<Record<string, unknown>>;
  const words = [captions, items, caption].flat().map((item) => (isRecord(item) ? item["caption"] : item));
  const changed = typeof to === "string" ? [`${String(from)} -> ${to}`] : [];
  return words.filter((word) => typeof word === "string").concat(changed);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** What recipes with a prior hold besides. */
interface PriorRecipe {
  readonly prior: { readonly kind: string; readonly steps: number; readonly guidanceScale: number };
}
