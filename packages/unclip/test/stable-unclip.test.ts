import { join } from "node:path";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createRandom,
  inspectModel,
  isUnclipError,
  loadClip,
  loadUnclip,
  type GenerateRequest,
  type Generation,
  type Picture,
  type Recipe,
  type Run,
  type StageStep,
  type Unclip,
} from "unclip";
import { combineStableUnclip } from "../../../test-support/combined-folder.js";
import { temporaryFolder } from "../../../test-support/folders.js";
import { fixturePath, largestDifference, readFixture } from "../../../test-support/index.js";
import { saveWithTorch } from "../../../test-support/torch-folder.js";

/* What Stable unCLIP does besides what the reference does, which reference.test.ts compares. */

const [H, L, KARLO] = ["stable-unclip-tiny-h", "stable-unclip-tiny-l", "karlo-tiny"].map(fixturePath) as [
  string,
  string,
  string,
];
const gray = shaded(128);
const dark = shaded(40);
const small = { decoder: { steps: 3 }, width: 64, height: 64 };
const withPrior = { ...small, prior: { steps: 2 } };

function shaded(value: number): Picture {
  return { width: 8, height: 8, data: Uint8Array.from({ length: 192 }, (_, i) => (value + 7 * i) % 256) };
}

let unclip: Unclip;
beforeAll(async () => {
  unclip = await loadUnclip(L, { priorModel: KARLO });
});
afterAll(() => unclip.dispose());

/** The recipe, through JSON, paints the same pictures and gives the same recipe. */
async function expectAgain({ recipe, images }: Generation): Promise<void> {
  const again = await unclip.again(JSON.parse(JSON.stringify(recipe)) as Recipe);
  expect(again.recipe).toEqual(recipe);
  expect(again.warnings).toEqual([]);
  for (const [i, image] of images.entries()) {
    expect(largestDifference(again.images[i]!.data, image.data)).toBeLessThanOrEqual(1);
  }
}

describe("every operation", () => {
  it.each<[string, () => Run<Generation, StageStep>, number]>([
    ["generate", () => unclip.generate("a cat", { ...withPrior, n: 2, noiseLevel: 20 }), 2],
    ["generate from the caption alone", () => unclip.generate("a cat", { ...small, prior: "none" }), 1],
    ["generate from the text embedding", () => unclip.generate("a cat", { ...small, prior: "text-embedding" }), 1],
    [
      "generate from a picture, within a mask",
      () => unclip.generate("a cat", { ...withPrior, image: gray, strength: 0.7, mask: dark }),
      1,
    ],
    ["vary", () => unclip.vary([gray, dark], { ...small, caption: ["a cat", ""], negative: ["", "a dog"] }), 2],
    ["vary from the picture's own noise", () => unclip.vary(gray, { ...small, eta: 0.5, n: 2, refinements: 0 }), 2],
    ["interpolate", () => unclip.interpolate([gray, dark], { ...small, frames: 3, refinements: 0 }), 3],
    ["interpolate to a caption", () => unclip.interpolate([gray, "a cat"], { ...withPrior, frames: 2 }), 2],
    ["mix", () => unclip.mix([gray, "a cat"], { ...withPrior, weights: [1, 2] }), 1],
    ["edit", () => unclip.edit(gray, { ...small, from: "a cat", to: "a dog", refinements: 0 }), 1],
    ["components", () => unclip.components(gray, { ...withPrior, among: [gray, dark, "a cat"] }), 2],
    ["compare", () => unclip.compare("a cat", withPrior), 3],
  ])("%s paints and can be painted again", async (_, paint, pictures) => {
    const generation = await paint();
    expect(generation.images.map(({ width, height }) => `${width}x${height}`)).toEqual(
      Array<string>(pictures).fill("64x64"),
    );
    expect(generation.recipe).toMatchObject({
      width: 64,
      height: 64,
      model: unclip.model,
      priorModel: unclip.priorModel,
    });
    await expectAgain(generation);
  });

  it("tells its steps, with a preview of the latents, and the autoencoder as a stage of its own", async () => {
    const steps: string[] = [];
    for await (const { stage, step, steps: of, preview } of unclip.vary(gray, { ...small, n: 2, height: 32 })) {
      const shown = await preview?.();
      steps.push(`${stage} ${step}/${of}${(shown ?? []).map(({ width, height }) => ` ${width}x${height}`).join("")}`);
    }
    expect(steps).toEqual([
      "clip 0/1",
      "clip 1/1",
      "decoder 0/3",
      "decoder 1/3 8x4 8x4",
      "decoder 2/3 8x4 8x4",
      "decoder 3/3 8x4 8x4",
      "autoencoder 0/1",
      "autoencoder 1/1",
    ]);
  });

  it("stops between two steps", async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const watch = async () => {
      for await (const { stage, step } of unclip.vary(gray, { ...small, signal: controller.signal })) {
        seen.push(`${stage} ${step}`);
        if (stage === "decoder" && step === 1) controller.abort();
      }
    };
    await expect(watch()).rejects.toSatisfy((error) => isUnclipError(error, "aborted"));
    expect(seen.at(-1)).toBe("decoder 1");
  });
});

describe("sizes", () => {
  it("are rounded up, which a warning says, and the recipe keeps", async () => {
    const { images, recipe, warnings } = await unclip.vary(gray, { ...small, width: 60, height: 30 });
    expect([images[0]!.width, images[0]!.height]).toEqual([64, 32]);
    expect(recipe).toMatchObject({ width: 64, height: 32 });
    expect(warnings).toEqual([
      "size: 60 x 30 became 64 x 32, because this model paints widths and heights in multiples of 8",
    ]);
  });

  it("are the model's own where none is asked for, one side or both", async () => {
    const { size } = unclip.stages.decoder.space;
    expect((await unclip.vary(gray, { decoder: { steps: 2 } })).recipe).toMatchObject(size);
    expect((await unclip.vary(gray, { decoder: { steps: 2 }, width: 64 })).recipe).toMatchObject({
      width: 64,
      height: size.height,
    });
  });

  it.each<[object, string]>([
    [{ width: 0 }, "width: expected a whole number of pixels from 1 to 2048, got 0"],
    [{ height: 64.5 }, "height: expected a whole number of pixels from 1 to 2048, got 64.5"],
    [{ width: 2049 }, "width: expected a whole number of pixels from 1 to 2048, got 2049"],
    [{ width: "64" }, "width: expected a whole number of pixels from 1 to 2048, got 64"],
  ])("%j are refused", async (size, message) => {
    await expect(unclip.vary(gray, { ...small, ...size })).rejects.toThrow(message);
  });
});

describe("the noise of an image embedding", () => {
  it("changes the picture, the more the higher its level", async () => {
    const paint = async (noiseLevel: number) => (await unclip.vary(gray, { ...small, noiseLevel })).images[0]!.data;
    const [least, some, most] = [await paint(0), await paint(300), await paint(999)];
    const away = (data: Uint8Array) => data.reduce((sum, value, i) => sum + Math.abs(value - least[i]!), 0);
    expect(away(some)).toBeGreaterThan(0);
    expect(away(most)).toBeGreaterThan(away(some));
  });

  it("is the same for the frames of a film and for all variations of one picture", async () => {
    const [first, second] = (await unclip.interpolate([gray, gray], { ...small, frames: 2, noise: "fixed" })).images;
    expect(largestDifference(first!.data, second!.data)).toBeLessThanOrEqual(1); // float32 in a batch
  });

  it.each([-1, 1000, 0.5])("has no level %s", async (noiseLevel) => {
    await expect(unclip.vary(gray, { ...small, noiseLevel })).rejects.toThrow(
      `noiseLevel: expected a whole number from 0 to 999, got ${noiseLevel}`,
    );
  });
});

describe("captions", () => {
  it("that are cut are told, once, whichever text encoder cuts them", async () => {
    const { warnings } = await unclip.generate(`a cat ${"very ".repeat(200)}last`, withPrior);
    expect(warnings.length).toBeGreaterThanOrEqual(1);
    expect(new Set(warnings).size).toBe(warnings.length);
    for (const warning of warnings) expect(warning).toMatch(/^caption: only 75 tokens fit, so this was cut off/);
  });

  it("guide the decoder away, but not the prior, as in the reference", async () => {
    const [plain, away] = [
      await unclip.generate("a cat", withPrior),
      await unclip.generate("a cat", { ...withPrior, negative: "a dog" }),
    ];
    expect(away.imageEmbedding!.data).toEqual(plain.imageEmbedding!.data);
    expect(away.images[0]!.data).not.toEqual(plain.images[0]!.data);
  });
});

interface Case {
  name: string;
  captions: string[];
  seed: number;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  priorSteps: number;
  priorGuidance: number;
}

describe("a folder that holds a prior of its own", () => {
  it("paints captions by it, as another model's prior would", async () => {
    const folder = await temporaryFolder();
    await combineStableUnclip(folder);
    const { cases } = readFixture<{ cases: Case[] }>("stable-unclip-tiny-l.expected/expected.json");
    const item = cases.find(({ name }) => name === "text-to-image")!;
    const request: GenerateRequest = {
      seed: item.seed,
      width: item.width,
      height: item.height,
      decoder: { steps: item.steps, guidanceScale: item.guidance },
      prior: { steps: item.priorSteps, guidanceScale: item.priorGuidance },
    };
    const combined = await loadUnclip(folder);
    const { images, recipe } = await combined.generate(item.captions, request);
    expect(images).toEqual((await unclip.generate(item.captions, request)).images);
    const expected = await sharp(fixturePath("stable-unclip-tiny-l.expected/text-to-image.png"))
      .removeAlpha()
      .raw()
      .toBuffer();
    const off = images[0]!.data.filter((value, i) => Math.abs(value - expected[i]!) > 1).length;
    expect(off).toBeLessThanOrEqual(0.005 * expected.length);
    expect(recipe).not.toHaveProperty("priorModel");
    await expect(combined.vary(gray, small)).rejects.toThrow(
      /has no image_encoder, which has to see the picture; take a model for image variation, such as stabilityai/,
    );
    await combined.dispose();
    const report = await inspectModel(folder);
    expect(report.problems).toEqual([]);
    expect(report.can).toContain("generate pictures of captions");
    expect(report.lacks.join("\n")).toMatch(/^vary pictures: has no image_encoder/m);

    const clip = await loadClip(folder);
    expect((await clip.textEncoder.embed(["a cat"])).textEmbedding.dims).toEqual([1, 24]);
    expect(() => clip.imageEncoder).toThrow(/has no image_encoder, so that pictures cannot be embedded/);
    await clip.dispose();
  });
});

describe("a folder without a prior", () => {
  it("says what it can do and what it lacks", async () => {
    const { problems, can, lacks, family, className } = await inspectModel(H);
    expect({ problems, family, className }).toEqual({
      problems: [],
      family: "stable-unclip",
      className: "StableUnCLIPImg2ImgPipeline",
    });
    expect(can).toEqual(expect.arrayContaining(["vary pictures", "paint from the caption alone (prior none)"]));
    expect(lacks.join("\n")).toMatch(
      /^make image embeddings of captions by a prior: this model has no prior; name a model/m,
    );
    expect((await inspectModel(L, { priorModel: KARLO })).can).toContain("edit a picture by a text diff");
  });

  it("refuses with the reason what needs one, and does the rest", async () => {
    const alone = await loadUnclip(H);
    const reason =
      /this model has no prior; name a model with priorModel \(--prior-model\) whose prior gives embeddings 32 wide/;
    await expect(alone.generate("a cat", small)).rejects.toThrow(reason);
    await expect(alone.mix([gray, "a cat"], small)).rejects.toThrow(reason);
    await expect(alone.compare("a cat", small)).rejects.toThrow(reason);
    await expect(alone.edit(gray, { ...small, to: "a dog" })).rejects.toThrow(
      /^edit: this model has no text encoder whose embeddings lie beside those of pictures; name a model/,
    );
    await expect(alone.generate("a cat", { ...small, prior: "text-embedding" })).rejects.toThrow(
      /^prior.kind: this model has no text encoder whose embeddings/,
    );
    await expect(alone.generate("a cat", { ...small, prior: "autoregressive" })).rejects.toThrow(
      /^prior.kind: this model has no autoregressive prior/,
    );
    await expect(alone.generate("a cat", { ...small, prior: "none", upsamplers: 1 })).rejects.toThrow(
      /^upsamplers: expected 0 to 0/,
    );
    const own = { name: "own", embed: async () => undefined };
    await expect(alone.generate("a cat", { ...small, prior: own })).rejects.toThrow(/^prior: this model has no text/);

    expect((await alone.generate("a cat", { ...small, prior: "none" })).imageEmbedding).toBeUndefined();
    const { images, recipe } = await alone.mix([gray, dark], small);
    expect(recipe).not.toHaveProperty("prior");
    expect((await alone.again(recipe)).images).toEqual(images);
    await alone.dispose();
  });

  it("tells its CLIP's missing tower, and embeds with the one that is there", async () => {
    const clip = await loadClip(L);
    expect((await clip.imageEncoder.embed([gray])).dims).toEqual([1, 24]);
    expect(() => clip.textEncoder).toThrow(
      /stable-unclip-tiny-l: has no text encoder whose embeddings lie beside those of pictures, so that captions cannot be embedded/,
    );
    await clip.dispose();
    const both = await loadClip(L, { priorModel: KARLO });
    expect((await both.textEncoder.embed(["a cat"])).textEmbedding.dims).toEqual([1, 24]);
    await both.dispose();
    await expect(loadClip(H, { priorModel: KARLO })).rejects.toThrow(/embeddings 24 wide, the image encoder 32/);
    await expect(loadClip(L, { priorModel: H })).rejects.toThrow(/tiny-h: has no CLIPTextModelWithProjection/);
    const towerless = await copyOf(L);
    await editJson(join(towerless, "model_index.json"), (json) => delete json["image_encoder"]);
    await expect(loadClip(towerless)).rejects.toThrow(/has no tower of CLIP; take a model with/);
  });
});

describe("parts that do not fit", () => {
  it.each<[string, string, object, RegExp]>([
    [
      "a prior of another CLIP",
      H,
      { priorModel: KARLO },
      /the prior of .*karlo-tiny gives image embeddings 24 wide, its decoder takes 32; prior and decoder must be made for the same CLIP/,
    ],
    ["a model without a prior", L, { priorModel: H }, /tiny-h: has no prior; expected a model such as kakaobrain/],
    ["a prior's model that is not there", L, { priorModel: "/nowhere" }, /\/nowhere/],
  ])("%s is refused", async (_, folder, options, message) => {
    await expect(loadUnclip(folder, options)).rejects.toThrow(message);
    const { problems } = await inspectModel(folder, options);
    expect(problems.join("\n")).toMatch(message);
  });

  it.each<[string, string, (json: Record<string, unknown>) => void, RegExp]>([
    ["unet/config.json", "cross_attention_dim", (json) => (json["cross_attention_dim"] = 48), /./],
    [
      "image_normalizer/config.json",
      "embedding_dim",
      (json) => (json["embedding_dim"] = 32),
      /unet.projection_class_embeddings_input_dim is 48, twice image_normalizer.embedding_dim 64/,
    ],
    [
      "scheduler/scheduler_config.json",
      "class",
      (json) => (json["_class_name"] = "Magic"),
      /_class_name Magic is not supported/,
    ],
    ["vae/config.json", "latent_channels", (json) => (json["latent_channels"] = 8), /./],
    ["unet/config.json", "class_embed_type", (json) => (json["class_embed_type"] = null), /class_embed_type/],
  ])("%s with another %s is refused", async (file, _, edit, message) => {
    const folder = await copyOf(L);
    await editJson(join(folder, file), edit);
    await expect(loadUnclip(folder)).rejects.toSatisfy((error) => {
      expect(isUnclipError(error)).toBe(true);
      expect((error as Error).message).toMatch(message);
      return true;
    });
  });

  it("text states of another width are refused by name", async () => {
    const folder = await copyOf(L);
    for (const component of ["text_encoder", "tokenizer"]) {
      await rm(join(folder, component), { recursive: true });
      await cp(join(H, component), join(folder, component), { recursive: true });
    }
    await expect(loadUnclip(folder)).rejects.toThrow(
      /the text encoder gives text states 40 wide, the decoder takes 32; are the parts from one model\?/,
    );
  });
});

describe("saved by torch", () => {
  it("paints the same pictures as from safetensors", async () => {
    const [folder, prior] = [await temporaryFolder(), await temporaryFolder()];
    await saveWithTorch(L, folder);
    await saveWithTorch(KARLO, prior);
    const torch = await loadUnclip(folder, { priorModel: prior });
    expect((await inspectModel(folder, { priorModel: prior })).problems).toEqual([]);
    for (const paint of [
      (model: Unclip) => model.generate("a cat", { ...withPrior, random: createRandom(5) }),
      (model: Unclip) => model.vary(gray, { ...small, caption: "a cat" }),
    ]) {
      expect((await paint(torch)).images).toEqual((await paint(unclip)).images);
    }
    await torch.dispose();
  });
});

async function copyOf(folder: string): Promise<string> {
  const copy = await temporaryFolder();
  await cp(folder, copy, { recursive: true });
  return copy;
}

async function editJson(path: string, edit: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  edit(json);
  await writeFile(path, JSON.stringify(json));
}
