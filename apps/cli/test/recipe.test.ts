import type { Recipe } from "unclip";
import { describe, expect, it } from "vitest";
import { recipeTexts } from "../src/recipe.js";
import { gradient } from "./fake-host.js";

const recipe = {
  operation: "generate",
  captions: ["a red cube"],
  prior: { kind: "diffusion", steps: 25, guidanceScale: 4 },
  n: 2,
  seed: "9007199254740993",
  negative: "",
  decoder: { steps: 30, guidanceScale: 8 },
  upsamplers: [{ steps: 7 }, { steps: 5 }],
  model: "toybox",
  versions: { unclip: "0.1.0", onnxruntime: "1.30.0" },
} satisfies Recipe & Record<string, unknown>;
const picture = gradient(8, 6);

describe("recipeTexts", () => {
  it("says it for people", () => {
    expect(recipeTexts(recipe, picture, { picture: 2 }).parameters).toBe(
      "a red cube\nSteps: 30, CFG scale: 8, Seed: 9007199254740993, Size: 8x6, Model: toybox, Prior: diffusion, Prior steps: 25, " +
        "Prior CFG scale: 4, Upsampler steps: 7+5, Image: 2 of 2, Version: unclip 0.1.0 + onnxruntime 1.30.0",
    );
  });

  it("tells the negative caption, and the operation if it is another than generate", () => {
    const { parameters } = recipeTexts({ ...recipe, operation: "vary", negative: "blue" }, picture, { picture: 1 });
    expect(parameters).toMatch(/^a red cube\nNegative prompt: blue\nSteps: .*, Operation: vary, /);
  });

  it("tells the caption of a variation, several negative ones, and the model that the prior is from", () => {
    const { captions: _captions, prior: _prior, ...rest } = recipe;
    const varied = { ...rest, operation: "vary", caption: "a ring", negative: ["blue", ""], noiseLevel: 0 };
    const { parameters } = recipeTexts({ ...varied, priorModel: "other" }, picture, { picture: 1 });
    expect(parameters).toMatch(/^a ring\nNegative prompt: blue\nSteps: .*, Model: toybox, Prior model: other, /);
    expect(parameters).toMatch(/, Noise level: 0, /);
  });

  it("leaves out what had no part in the picture", () => {
    const without = { ...recipe, prior: { ...recipe.prior, kind: "none" }, seed: undefined, upsamplers: [] };
    const { parameters } = recipeTexts(without, picture, { picture: 1 });
    expect(parameters).not.toMatch(/Prior steps|Prior CFG|Seed|Upsampler|Negative|Operation/);
  });

  it("keeps the whole recipe as JSON, with the picture's place", () => {
    const { unclip } = recipeTexts(recipe, picture, { columns: 3 });
    expect(JSON.parse(unclip!)).toEqual({ ...recipe, shows: { columns: 3 } });
  });
});
