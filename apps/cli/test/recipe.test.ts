import type { Recipe } from "unclip";
import { describe, expect, it } from "vitest";
import { recipeTexts } from "../src/recipe.js";
import { gradient } from "./fake-host.js";

const recipe: Recipe = {
  model: "toybox",
  captions: ["a red cube"],
  seed: "9007199254740993",
  n: 2,
  prior: "diffusion",
  priorSteps: 25,
  priorGuidance: 4,
  decoderSteps: 30,
  decoderGuidance: 8,
  upsamplerSteps: [7, 5],
  versions: { unclip: "0.1.0", onnxruntime: "1.30.0" },
};
const images = [gradient(4, 4), gradient(8, 6)];

describe("recipeTexts", () => {
  it("says it for people", () => {
    expect(recipeTexts({ images, recipe }, 1).parameters).toBe(
      "a red cube\nSteps: 30, CFG scale: 8, Seed: 9007199254740993, Size: 8x6, Model: toybox, Prior: diffusion, Prior steps: 25, " +
        "Prior CFG scale: 4, Upsampler steps: 7+5, Image: 2 of 2, Version: unclip 0.1.0 + onnxruntime 1.30.0",
    );
  });

  it("leaves out what had no part in the picture", () => {
    const { parameters } = recipeTexts(
      { images, recipe: { ...recipe, prior: "none", seed: undefined, upsamplerSteps: [] } },
      0,
    );
    expect(parameters).not.toMatch(/Prior steps|Prior CFG|Seed|Upsampler/);
  });

  it("keeps the whole recipe as JSON", () => {
    expect(JSON.parse(recipeTexts({ images, recipe }, 0).unclip!)).toEqual({ ...recipe, image: 1 });
  });
});
