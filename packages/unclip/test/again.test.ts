import { ddim } from "@unclip/sampler";
import { describe, expect, it } from "vitest";
import { createRandom, type GenerateRequest, type Picture, type Recipe } from "unclip";
import { fixturePath } from "../../../test-support/index.js";
import { sharedModels } from "./shared-models.js";
import { refusal } from "./support.js";

const small: GenerateRequest = { prior: { steps: 2 }, decoder: { steps: 2 }, upsamplers: [{ steps: 2 }] };
const smallest = { decoder: { steps: 2 }, upsamplers: [{ steps: 2 }] };
const gray: Picture = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
const models = sharedModels();
const open = () => models(fixturePath("karlo-tiny"));
const throughJson = (recipe: Recipe) => JSON.parse(JSON.stringify(recipe)) as Recipe;

describe("a recipe", () => {
  it("is plain data that survives JSON and structuredClone", async () => {
    const unclip = await open();
    const { recipe } = await unclip.generate("a cube", { ...small, seed: 2n ** 60n });
    expect(structuredClone(recipe)).toEqual(recipe);
    expect(throughJson(recipe)).toEqual(recipe);
    expect(recipe.seed).toBe(String(2n ** 60n));
  });

  it("paints the pictures of generate again", async () => {
    const unclip = await open();
    const settings = { ...small, seed: 5, n: 2, negative: "a ring", decoder: { steps: 3, sampler: "heun" as const } };
    const { images, recipe } = await unclip.generate(["a cube", "a cone"], settings);
    const again = await unclip.again(throughJson(recipe));
    expect(again.images).toEqual(images);
    expect(again.recipe).toEqual(recipe);
    expect(again.warnings).toEqual([]);
  });

  it("says that pictures may differ where the arithmetic was another", async () => {
    const unclip = await open();
    const { recipe } = await unclip.generate("a cube", { ...small, seed: 5 });
    const { warnings } = await unclip.again({ ...recipe, arithmetic: "float16" });
    const { model } = unclip;
    expect(warnings).toEqual([
      `recipe: it was made with ${model}, computed in float16, this is ${model}; the pictures may differ`,
    ]);
  });

  it("paints variations again, without the picture that they are of", async () => {
    const unclip = await open();
    const { images, recipe } = await unclip.vary([gray, gray], { ...smallest, n: 2, seed: 3 });
    expect(recipe.operation).toBe("vary");
    const stored = { imageEmbedding: expect.any(String), pixels: expect.any(String) };
    expect(recipe).toMatchObject({ pictures: [stored, stored] });
    const again = await unclip.again(throughJson(recipe));
    expect(again.images).toEqual(images);
    expect(again.recipe).toEqual(recipe);
  });

  it("paints variations with captions again", async () => {
    const unclip = await open();
    const settings = { ...smallest, caption: ["a cube", "a ring"], negative: ["a cone", ""] };
    const { images, recipe } = await unclip.vary([gray, gray], settings);
    expect(recipe).toMatchObject({ caption: ["a cube", "a ring"] });
    expect(images[0]).not.toEqual((await unclip.vary([gray, gray], smallest)).images[0]);
    expect((await unclip.again(throughJson(recipe))).images).toEqual(images);
    await expect(unclip.vary(gray, { ...smallest, caption: ["a", "b"] })).rejects.toThrow(
      refusal(/^caption: expected one, or 1, one for each picture, got 2$/),
    );
  });

  it("takes changes of single settings", async () => {
    const unclip = await open();
    const { recipe } = await unclip.generate("a cube", { ...small, seed: 5 });
    const changed = await unclip.again(recipe, { seed: 6, decoder: { guidanceScale: 2 } });
    expect(changed.recipe).toEqual({ ...recipe, seed: 6, decoder: { steps: 2, guidanceScale: 2 } });
    expect(changed.images).toEqual(
      (await unclip.generate("a cube", { ...small, seed: 6, decoder: { steps: 2, guidanceScale: 2 } })).images,
    );
  });

  it("keeps the timesteps at which guidance acts", async () => {
    const unclip = await open();
    const prior = { steps: 4, guidanceInterval: [300, 700] as const };
    const decoder = { steps: 4, guidanceInterval: [0, 500] as const };
    const { images, recipe } = await unclip.generate("a cube", { ...small, prior, decoder });
    expect(recipe).toMatchObject({ prior, decoder });
    expect((await unclip.again(throughJson(recipe))).images).toEqual(images);
    const everywhere = await unclip.again(recipe, { decoder: { guidanceInterval: [0, 999] } });
    expect(everywhere.images).not.toEqual(images);
  });

  it("keeps in which steps the decoder reuses its deep features", async () => {
    const unclip = await open();
    const decoder = { steps: 5, cacheInterval: 2 };
    const { images, recipe } = await unclip.generate("a cube", { ...small, decoder });
    expect(recipe.decoder).toEqual({ steps: 5, guidanceScale: 8, cacheInterval: 2 });
    expect((await unclip.again(throughJson(recipe))).images).toEqual(images);
    const anew = await unclip.again(recipe, { decoder: { cacheInterval: 1 } });
    expect(anew.images).toEqual((await unclip.generate("a cube", { ...small, decoder: { steps: 5 } })).images);
    expect(anew.images).not.toEqual(images);
  });

  it("says when another model painted it", async () => {
    const unclip = await open();
    const { recipe } = await unclip.generate("a cube", small);
    const { warnings } = await unclip.again({ ...recipe, model: "another" });
    expect(warnings).toEqual([expect.stringMatching(/^recipe: it was made with another, this is .*karlo-tiny/)]);
  });

  it("cannot be painted again where something of the caller's made the picture", async () => {
    const unclip = await open();
    const own = { name: "mine", embed: async ({ textEmbedding }: { textEmbedding: never }) => textEmbedding };
    const byPrior = await unclip.generate("a cube", { ...small, prior: own as never });
    await expect(unclip.again(byPrior.recipe)).rejects.toThrow(refusal(/^prior.kind: expected .*, got own:mine/));
    const bySampler = await unclip.generate("a cube", { ...small, decoder: { steps: 2, sampler: ddim() } });
    await expect(unclip.again(bySampler.recipe)).rejects.toThrow(refusal(/^decoder.sampler: .*own:ddim/));
    const byRandom = await unclip.generate("a cube", { ...small, random: createRandom(5) });
    await expect(unclip.again(byRandom.recipe)).rejects.toThrow(refusal(/^recipe: has no seed/));
    const seeded = await unclip.again(byRandom.recipe, { seed: 5 });
    expect(seeded.images).toEqual(byRandom.images);
  });

  it.each([
    [undefined, /^recipe: expected the recipe of a generation/],
    [{ operation: "dream" }, /^recipe.operation: expected one of generate, vary.*, got "dream"/],
    [{ operation: "generate", seed: 0, captions: ["a"], spell: 1 }, /^generate: there is no setting "spell"/],
    [
      { operation: "vary", seed: 0, pictures: [{ imageEmbedding: "AAAA" }] },
      /^picture.imageEmbedding: expected float32 values \[N, \d+\] in base64/,
    ],
  ])("is refused where it is %j", async (recipe, message) => {
    const unclip = await open();
    const changes = recipe?.operation === "dream" ? { seed: 0 } : {};
    await expect(unclip.again(recipe as unknown as Recipe, changes)).rejects.toThrow(refusal(message));
  });
});

describe("vary", () => {
  it.each<[unknown, RegExp]>([
    [[], /^picture: expected one or more, got none/],
    [
      { width: 2, height: 2, data: new Uint8Array(16) },
      /^picture: expected 12 bytes for 2 x 2 RGB pixels, got 16; has the picture an alpha channel\?/,
    ],
    [{ width: 2, height: 2, data: new Uint8Array(0) }, /^picture: expected 12 bytes .* got 0/],
    [{ width: 0, height: 2, data: new Uint8Array(0) }, /^picture: expected a picture with a width and a height/],
    [undefined, /^picture: expected a picture/],
  ])("refuses %j", async (picture, message) => {
    const unclip = await open();
    await expect(unclip.vary(picture as Picture, smallest)).rejects.toThrow(refusal(message));
  });
});
