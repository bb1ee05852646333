import type { Picture, Recipe } from "unclip";

/** How several pictures became one. */
export interface Layout {
  /** Pictures in a row of a sheet. */
  readonly columns?: number;
}

/** A recipe as a PNG file carries it. */
export type RecipeOfFile = Recipe &
  Layout & {
    /** The picture's number within its generation, from 1. */
    readonly image: number;
  };

/** The text chunks that go with a picture of a generation, by keyword. `parameters` is for people, in the form that many
 * picture viewers show; `unclip` is the recipe as JSON.
 * @param place `index`: the picture's number within the generation, from 0 */
export function recipeTexts(
  recipe: Recipe,
  picture: Picture,
  { index, ...layout }: Layout & { readonly index: number },
): Record<string, string> {
  return {
    parameters: sentenceOf(recipe, picture, index),
    unclip: JSON.stringify({ ...recipe, ...layout, image: index + 1 } satisfies RecipeOfFile),
  };
}

/** What the text of a PNG file cannot hold: NUL and halves of surrogate pairs. A caption from a recipe may have them. */
const UNWRITABLE = /[\0\p{Surrogate}]/gu;

function sentenceOf(recipe: Recipe, { width, height }: Picture, index: number): string {
  const { captions, caption = [], prior } = recipe as Partial<GenerateRecipe & VaryRecipe>;
  const settings: [string, unknown][] = [
    ["Steps", recipe.decoder.steps],
    ["CFG scale", recipe.decoder.guidanceScale],
    ["Seed", recipe.seed],
    ["Size", `${width}x${height}`],
    ["Model", recipe.model],
    ["Prior model", recipe.priorModel],
    ["Operation", recipe.operation === "generate" ? undefined : recipe.operation],
    ["Prior", prior?.kind],
    ["Prior steps", prior?.kind === "diffusion" ? prior.steps : undefined],
    ["Prior CFG scale", prior?.kind === "diffusion" ? prior.guidanceScale : undefined],
    ["Noise level", recipe.noiseLevel],
    ["Upsampler steps", recipe.upsamplers.map(({ steps }) => steps).join("+")],
    ["Image", `${index + 1} of ${recipe.n}`],
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
  const text = [
    ...(captions ?? [caption].flat()),
    ...negative,
    known.map(([name, value]) => `${name}: ${String(value)}`).join(", "),
  ];
  return text.join("\n").replace(UNWRITABLE, "\ufffd");
}

/** What the recipe of `vary` holds besides. */
interface VaryRecipe {
  readonly caption: string | readonly string[];
}

/** What the recipe of `generate` holds besides. */
interface GenerateRecipe {
  readonly captions: readonly string[];
  readonly prior: { readonly kind: string; readonly steps: number; readonly guidanceScale: number };
}
