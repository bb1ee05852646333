import type { Picture, Recipe } from "unclip";

/** The text chunks that go with picture `index` of a generation, by keyword. `parameters` is for people, in the form that many
 * picture viewers show; `unclip` is the recipe as JSON, with the picture's number, counted from 1, as `image`. */
export function recipeTexts(
  { images, recipe }: { readonly images: readonly Picture[]; readonly recipe: Recipe },
  index: number,
): Record<string, string> {
  return {
    parameters: sentenceOf(recipe, images[index]!, index),
    unclip: JSON.stringify({ ...recipe, image: index + 1 }),
  };
}

function sentenceOf(recipe: Recipe, { width, height }: Picture, index: number): string {
  const settings: [string, unknown][] = [
    ["Steps", recipe.decoderSteps],
    ["CFG scale", recipe.decoderGuidance],
    ["Seed", recipe.seed],
    ["Size", `${width}x${height}`],
    ["Model", recipe.model],
    ["Prior", recipe.prior],
    ...(recipe.prior === "diffusion" ? priorSettings(recipe) : []),
    ["Upsampler steps", recipe.upsamplerSteps.join("+")],
    ["Image", `${index + 1} of ${recipe.n}`],
    [
      "Version",
      Object.entries(recipe.versions)
        .map((entry) => entry.join(" "))
        .join(" + "),
    ],
  ];
  const given = settings.filter(([, value]) => value !== undefined && value !== "");
  return [...recipe.captions, given.map(([name, value]) => `${name}: ${String(value)}`).join(", ")].join("\n");
}

function priorSettings({ priorSteps, priorGuidance }: Recipe): [string, unknown][] {
  return [
    ["Prior steps", priorSteps],
    ["Prior CFG scale", priorGuidance],
  ];
}
