import { encodePng, type Recipe } from "unclip";
import { describe, expect, it } from "vitest";
import { linkOf, recipeOfLink, recipeOfPng, textsOf } from "../src/parts/recipe-text.js";
import { FIRST_SETTINGS, requestOf, settingsOf, withPreset } from "../src/generate/settings.js";

const recipe = {
  operation: "generate",
  captions: ["a red cube – ♥"],
  prior: { kind: "diffusion", steps: 25, guidanceScale: 4 },
  n: 2,
  seed: 7,
  negative: "",
  decoder: { steps: 10, guidanceScale: 1 },
  upsamplers: [{ steps: 7 }],
  model: "toybox",
  versions: { unclip: "0.1.0" },
} as Recipe;

const picture = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };

describe("a recipe", () => {
  it("goes into a link and comes out of it", async () => {
    const link = await linkOf(recipe, "http://host.test/a/page.html?x=1#recipe=old");
    expect(link).toMatch(/^http:\/\/host\.test\/a\/page\.html\?x=1#recipe=[\w-]+$/);
    expect(await recipeOfLink(link)).toEqual(recipe);
    expect(await recipeOfLink("http://host.test/a/page.html#top")).toBeUndefined();
  });

  it("that is damaged is refused", async () => {
    const link = await linkOf(recipe, "http://host.test/");
    for (const damaged of [link.slice(0, -20), "http://host.test/#recipe=%%%"]) {
      await expect(recipeOfLink(damaged)).rejects.toMatchObject({
        code: "input",
        message: expect.stringMatching(/cut off/),
      });
    }
  });

  it("goes into a PNG and comes out of it", async () => {
    const png = await encodePng(picture, textsOf(recipe, 2));
    expect(recipeOfPng(png, "a.png")).toEqual(recipe);
    const plain = await encodePng(picture);
    expect(() => recipeOfPng(plain, "a.png")).toThrow("a.png: this PNG holds no recipe");
    const other = await encodePng(picture, { unclip: "{}" });
    expect(() => recipeOfPng(other, "a.png")).toThrow(/another program wrote it/);
  });

  it("fills the form, if the form has what it says", () => {
    const settings = settingsOf(recipe)!;
    expect(settings).toEqual({
      caption: "a red cube – ♥",
      seed: 7,
      n: 2,
      upsamplers: 1,
      preset: "exact",
      prior: "diffusion",
      priorSteps: 25,
      priorGuidance: 4,
      decoderSteps: 10,
      decoderGuidance: 1,
      upsamplerSteps: [7],
    });
    expect(requestOf(settings)).toEqual({
      seed: 7,
      n: 2,
      upsamplers: [{ steps: 7 }],
      prior: { kind: "diffusion", steps: 25, guidanceScale: 4 },
      decoder: { steps: 10, guidanceScale: 1 },
    });
    for (const other of [
      { operation: "vary" },
      { captions: ["a", "b"] },
      { seed: "12345678901234567890" },
      { preset: "of a later version" },
    ]) {
      expect(settingsOf({ ...recipe, ...other } as Recipe)).toBeUndefined();
    }
  });
});

describe("a preset", () => {
  it("goes from a recipe into the form and into the next request", () => {
    const settings = settingsOf({ ...recipe, preset: "fast" })!;
    expect(settings.preset).toBe("fast");
    expect(requestOf(settings)).toMatchObject({ preset: "fast", decoder: { steps: 10 } });
  });

  it("takes the place of all steps that were set, and of nothing else", () => {
    const settings = withPreset(settingsOf(recipe)!, "balanced");
    expect(requestOf(settings)).toEqual({
      seed: 7,
      n: 2,
      preset: "balanced",
      upsamplers: [{}],
      prior: { kind: "diffusion", guidanceScale: 4 },
      decoder: { guidanceScale: 1 },
    });
  });
});

describe("a request", () => {
  it("leaves to the model what the form leaves empty", () => {
    expect(requestOf(FIRST_SETTINGS)).toEqual({
      seed: 7,
      n: 1,
      upsamplers: [{}, {}],
      prior: { kind: "diffusion" },
      decoder: {},
    });
  });

  it("has no steps of a prior that takes none", () => {
    const request = requestOf({ ...FIRST_SETTINGS, prior: "none", priorSteps: 5, priorGuidance: 2 });
    expect(request.prior).toEqual({ kind: "none" });
  });
});
