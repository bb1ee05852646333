import { describe, expect, it } from "vitest";
import type { GenerateRequest, Recipe, RunOptions } from "unclip";
import { fixturePath } from "../../../test-support/index.js";
import { presetDefaults } from "../src/presets.js";
import { sharedModels } from "./shared-models.js";
import { refusal } from "./support.js";

const models = sharedModels();
const open = () => models(fixturePath("karlo-tiny"));

/** Settings of Karlo and of a model of two upsamplers, as their pipelines and unclip.json have them. */
const karlo = {
  prior: { steps: 25, guidanceScale: 4 },
  decoder: { steps: 25, guidanceScale: 8 },
  upsamplers: [{ steps: 7 }],
};
const small = {
  prior: { steps: 10, guidanceScale: 2.5 },
  decoder: { steps: 10, guidanceScale: 1.5 },
  upsamplers: [{ steps: 3 }, { steps: 2 }],
};

describe("presetDefaults", () => {
  it("leaves a model's own settings as they are where nothing or exact is asked for", () => {
    expect(presetDefaults(karlo)).toBe(karlo);
    expect(presetDefaults(karlo, "exact")).toBe(karlo);
  });

  it("takes about half of the steps for balanced, and about a third for fast", () => {
    expect(presetDefaults(karlo, "balanced")).toStrictEqual({
      prior: { steps: 13, guidanceScale: 4 },
      decoder: { steps: 12, guidanceScale: 8, sampler: "dpmpp-2m", guidanceInterval: [250, 750] },
      upsamplers: [{ steps: 3 }],
    });
    expect(presetDefaults(karlo, "fast")).toStrictEqual({
      prior: { steps: 13, guidanceScale: 4 },
      decoder: {
        steps: 8,
        guidanceScale: 8,
        sampler: "dpmpp-2m",
        guidanceInterval: [250, 750],
        cacheInterval: 2,
      },
      upsamplers: [{ steps: 2 }],
    });
  });

  it("keeps two steps where there are as many, and bounds those of a decoder that takes many", () => {
    expect(presetDefaults(small, "fast")).toMatchObject({
      decoder: { steps: 3 },
      upsamplers: [{ steps: 2 }, { steps: 2 }],
    });
    const single = { ...small, prior: { steps: 1, guidanceScale: 1 }, upsamplers: [{ steps: 1 }] };
    expect(presetDefaults(single, "fast")).toMatchObject({ prior: { steps: 1 }, upsamplers: [{ steps: 1 }] });
    const long = { ...karlo, decoder: { steps: 100, guidanceScale: 4 } };
    expect(presetDefaults(long, "balanced").decoder.steps).toBe(20);
    expect(presetDefaults(long, "fast").decoder.steps).toBe(10);
  });

  it.each(["slow", "Fast", "toString", "", null, 1])("refuses %j", (name) => {
    expect(() => presetDefaults(karlo, name)).toThrow(
      refusal(`preset: expected exact, balanced, fast, got ${JSON.stringify(name)}`),
    );
  });
});

describe("a preset", () => {
  const paint = async (request: GenerateRequest & RunOptions) =>
    (await open()).generate("a cube", { seed: 3, ...request });
  /** What fast is for this model, setting by setting. */
  const fast: GenerateRequest = {
    prior: { steps: 13 },
    decoder: { steps: 8, sampler: "dpmpp-2m", guidanceInterval: [250, 750], cacheInterval: 2 },
    upsamplers: [{ steps: 2 }],
  };

  it("paints what its settings paint, and is named in the recipe beside them", async () => {
    const { images, recipe } = await paint({ preset: "fast" });
    const same = await paint(fast);
    expect(images).toEqual(same.images);
    expect(recipe).toEqual({ ...same.recipe, preset: "fast" });
    expect("preset" in same.recipe).toBe(false);
  });

  it("is the model's own settings where it is exact", async () => {
    const [exact, own] = [await paint({ preset: "exact" }), await paint({})];
    expect(exact.images).toEqual(own.images);
    expect(exact.recipe).toEqual({ ...own.recipe, preset: "exact" });
  });

  it("gives way to settings that are given", async () => {
    const request: GenerateRequest = {
      preset: "fast",
      prior: { steps: 2 },
      decoder: { steps: 3, sampler: "ddim", cacheInterval: 1, guidanceInterval: [0, 999] },
      upsamplers: [{ steps: 3, sampler: "heun" }],
    };
    const { recipe } = await paint(request);
    expect(recipe).toMatchObject(request);
    const upsamplers = (await paint({ ...request, upsamplers: 0 })).recipe.upsamplers;
    expect(upsamplers).toEqual([]);
  });

  it("is painted again from its recipe, or another in its place", async () => {
    const unclip = await open();
    const { images, recipe } = await paint({ preset: "fast", decoder: { guidanceScale: 3 } });
    const kept = JSON.parse(JSON.stringify(recipe)) as Recipe;
    expect((await unclip.again(kept)).images).toEqual(images);
    const exact = await unclip.again(kept, { preset: "exact", upsamplers: [{ steps: 2 }] });
    const wanted = await paint({ preset: "exact", decoder: { guidanceScale: 3 }, upsamplers: [{ steps: 2 }] });
    expect(exact.recipe).toEqual(wanted.recipe);
    expect(exact.images).toEqual(wanted.images);
  });

  it("leaves the decoder of an inversion as it is", async () => {
    const unclip = await open();
    const gray = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
    const request = { eta: 0.5, decoder: { steps: 2 }, seed: 1 };
    const { recipe } = await unclip.vary(gray, { ...request, preset: "fast" });
    const { decoder, upsamplers } = (await unclip.vary(gray, request)).recipe;
    expect(recipe.decoder).toEqual(decoder);
    expect(recipe.upsamplers).toEqual([{ steps: 2 }]);
    const again = await unclip.again(recipe, { preset: "exact" });
    expect(again.recipe).toMatchObject({ decoder, upsamplers, preset: "exact" });
  });

  it.each([
    ["kandinsky-2-2-tiny-decoder", 10],
    ["kandinsky-2-1-tiny", 10],
    ["stable-unclip-tiny-h", 6],
  ])("paints with %s, whose decoder denoises latents", async (name, steps) => {
    const unclip = await models(fixturePath(name));
    const picture = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
    const { images, recipe } = await unclip.vary(picture, { preset: "fast", seed: 1 });
    const settings = { steps, sampler: "dpmpp-2m", guidanceInterval: [250, 750], cacheInterval: 2 };
    expect(recipe.decoder).toMatchObject(settings);
    expect(images).toEqual((await unclip.again(recipe)).images);
    expect(images).not.toEqual((await unclip.again(recipe, { decoder: { cacheInterval: 1 } })).images);
  });

  it("is refused where there is none of that name, before anything runs", async () => {
    await expect(paint({ preset: "quick" as "fast" })).rejects.toThrow(
      refusal(/^preset: expected exact, balanced, fast/),
    );
  });
});
