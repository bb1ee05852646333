import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRuntime } from "@unclip/runtime";
import { inspectModel, loadUnclip, type LoadOptions } from "unclip";
import { describe, expect, it } from "vitest";
import { combineStableUnclip } from "../../../../test-support/combined-folder.js";
import { temporaryFolder } from "../../../../test-support/folders.js";
import { fixturePath } from "../../../../test-support/index.js";
import { openFamily } from "../../src/open-family.js";
import type { SourceOptions } from "../../src/open-model.js";
import { priorCure } from "../../src/families/stable-unclip.js";
import { refusal } from "../support.js";

/* Folders whose parts are of different models, or that lack some. */

/** Puts parts of other models in the place of a folder's own. */
async function replace(folder: string, parts: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, from] of Object.entries(parts)) {
    await rm(join(folder, name), { recursive: true, force: true });
    await cp(fixturePath(from), join(folder, name), { recursive: true });
  }
  return folder;
}

/** A copy of a model, some of whose parts are another one's. */
async function mixed(model: string, parts: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await temporaryFolder();
  await cp(fixturePath(model), folder, { recursive: true });
  return replace(folder, parts);
}

/** A copy of a model whose model_index.json lists some parts no more. */
async function without(model: string, ...parts: string[]): Promise<string> {
  const folder = await mixed(model);
  const path = join(folder, "model_index.json");
  const index = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...index, ...Object.fromEntries(parts.map((part) => [part, [null, null]])) }));
  return folder;
}

async function expectRefusal(folder: string, message: string, options?: LoadOptions): Promise<void> {
  await expect(loadUnclip(folder, options)).rejects.toThrow(refusal(message, "config"));
}

/** What a family makes of a folder; no network is opened. */
async function partsOf(model: string, options: SourceOptions = {}) {
  const { load } = await openFamily(fixturePath(model), options);
  return load(await createRuntime());
}

describe("a Karlo", () => {
  it("paints pixels of one size, and leads its prior away from negative captions too", async () => {
    const { stages, sizes, noiseLevels } = await partsOf("karlo-tiny");
    expect(stages.decoder.space.kind).toBe("pixels");
    expect(stages.upsamplers).toHaveLength(1);
    for (const absent of [sizes, noiseLevels, stages.priorNegative, stages.beside, stages.pictureStart]) {
      expect(absent).toBe(undefined);
    }
  });

  it("reads the network of the last step of enlarging too", async () => {
    const folder = await mixed("karlo-tiny");
    await writeFile(join(folder, "super_res_last/config.json"), "{");
    await expectRefusal(folder, `${folder}/super_res_last/config.json: not valid JSON`);
  });

  it.each([
    [
      { image_encoder: "karlo-tiny-b/image_encoder", feature_extractor: "karlo-tiny-b/feature_extractor" },
      "the image encoder gives image embeddings 32 wide, the decoder takes 24; are the parts from one model?",
    ],
    [
      { prior: "karlo-tiny-c/prior" },
      "the text encoder gives text embeddings 24 wide, the prior takes 20; are the parts from one model?",
    ],
  ])("with %j is refused", async (parts, message) => {
    const folder = await mixed("karlo-tiny", parts);
    await expectRefusal(folder, `${folder}: ${message}`);
  });

  it("tells what it lacks, and does the rest", async () => {
    const folder = await without("karlo-tiny", "image_encoder", "prior", "prior_scheduler", "super_res_first");
    const { family, problems, can, lacks } = await inspectModel(folder);
    expect([family, problems]).toEqual(["karlo", []]);
    expect(can).toContain("paint from the caption alone (prior none)");
    expect(lacks).toEqual([
      "look at pictures: has no image_encoder, which has to see the picture; take a model for image variation",
      'make image embeddings of captions by a prior: this model has no diffusion prior; choose "text-embedding" or "none"',
      'make image embeddings of captions by an autoregressive prior: this model has no autoregressive prior; choose "diffusion" or "none"',
      "enlarge what the decoder painted: this model has no upsamplers",
      "follow a depth picture (depth): this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
      "paint pictures of the width and height that are asked for: this model paints pictures of one size; leave width and height out",
      "take a caption beside the picture that is varied: has no image_encoder, which has to see the picture; take a model for image variation",
      "noise what it saw, so that variations differ more: this model takes image embeddings as they are, without noise; leave it out",
      "vary pictures: has no image_encoder, which has to see the picture; take a model for image variation",
      "edit a picture by a text diff: has no image_encoder, which has to see the picture; take a model for image variation",
      "show a picture by principal components: has no image_encoder, which has to see the picture; take a model for image variation",
      'compare the ways of conditioning: this model has no diffusion prior; choose "text-embedding" or "none"',
    ]);
    const whole = await loadUnclip(fixturePath("karlo-tiny"));
    expect(whole.lacks.map((sentence) => sentence.split(":")[0])).toEqual([
      "make image embeddings of captions by an autoregressive prior",
      "follow a depth picture (depth)",
      "paint pictures of the width and height that are asked for",
      "noise what it saw, so that variations differ more",
    ]);
    await whole.dispose();
  });
});

describe("a Stable unCLIP", () => {
  it.each([
    ["stable-unclip-tiny-l", 8, 64],
    ["stable-unclip-tiny-h-b", 8, 48],
  ])("%s paints in multiples of %i, and noises image embeddings", async (model, step, side) => {
    const { stages, sizes, noiseLevels, lacks, priorModel } = await partsOf(model);
    expect([sizes!.step, noiseLevels, stages.priorNegative]).toEqual([step, 1000, "empty"]);
    expect(stages.decoder.space).toMatchObject({ kind: "latents", size: { width: side, height: side } });
    expect([stages.upsamplers, stages.prior, stages.textEncoder, priorModel]).toEqual([[], ...Array<undefined>(3)]);
    expect(lacks).toEqual({
      prior: expect.stringMatching(/^this model has no prior; name a model with priorModel .*, or choose "none", the/),
      textEncoder: expect.stringMatching(/^this model has no text encoder .* priorModel .*, which brings one$/),
      textEmbedding: lacks.textEncoder,
      autoregressivePrior: 'this model has no autoregressive prior; choose "diffusion" or "none"',
      upsamplers: "this model has no upsamplers, its decoder paints the whole picture",
      depth: "this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
    });
  });

  it("takes prior, scheduler and text encoder of another model", async () => {
    const priorModel = fixturePath("karlo-tiny");
    const { stages, lacks, priorModel: named } = await partsOf("stable-unclip-tiny-l", { priorModel });
    expect(named).toBe(priorModel);
    expect(stages.prior!.scheduler.predictionType).toBe("sample");
    expect(stages.textEncoder!.config.embeddingWidth).toBe(24);
    expect(Object.keys(lacks).sort()).toEqual(["autoregressivePrior", "depth", "upsamplers"]);
    const folder = await mixed("karlo-tiny");
    await rm(join(folder, "prior_scheduler"), { recursive: true });
    await expect(partsOf("stable-unclip-tiny-l", { priorModel: folder })).rejects.toThrow(/prior_scheduler/);
    const bare = fixturePath("stable-unclip-tiny-h");
    await expect(partsOf("stable-unclip-tiny-l", { priorModel: bare })).rejects.toThrow(
      refusal(`${bare}: has no prior; expected a model such as kakaobrain/karlo-v1-alpha`, "config"),
    );
  });

  it("with another image encoder is refused", async () => {
    const folder = await mixed("stable-unclip-tiny-l", { image_encoder: "stable-unclip-tiny-h/image_encoder" });
    await expectRefusal(
      folder,
      `${folder}: the image encoder gives image embeddings 32 wide, the decoder takes 24; are the parts from one model?`,
    );
  });

  it("with a prior of its own for another CLIP is refused", async () => {
    const folder = await temporaryFolder();
    await combineStableUnclip(folder);
    const decoder = ["image_normalizer", "scheduler", "text_encoder", "tokenizer", "unet", "vae"];
    await replace(folder, Object.fromEntries(decoder.map((name) => [name, `stable-unclip-tiny-h/${name}`])));
    await expectRefusal(
      folder,
      `${folder}: its prior gives image embeddings 24 wide, its decoder takes 32; prior and decoder must be made for the same CLIP`,
    );
  });

  it("with a prior whose text encoder is another one's is refused", async () => {
    const folder = await temporaryFolder();
    await combineStableUnclip(folder);
    await replace(folder, { prior_text_encoder: "karlo-tiny-c/text_encoder" });
    await expectRefusal(folder, `${folder}: the text encoder gives text embeddings 20 wide, the prior takes 24`);
  });

  it("names where a prior for its CLIP is published", () => {
    expect(priorCure(768)).toMatch(/whose prior gives embeddings 768 wide, such as kakaobrain\/karlo-v1-alpha$/);
    expect(priorCure(1024)).toMatch(/whose prior gives embeddings 1024 wide \(none is published\)$/);
    expect(priorCure(32)).toBe("name a model with priorModel (--prior-model) whose prior gives embeddings 32 wide");
  });
});

describe("a Kandinsky", () => {
  it.each([
    ["kandinsky-2-2-tiny-decoder", undefined, true],
    ["kandinsky-2-2-tiny-decoder-inpaint", "mask", true],
    ["kandinsky-2-2-tiny-b-controlnet-depth", "depth", true],
    ["kandinsky-2-1-tiny", undefined, false],
    ["kandinsky-2-1-tiny-inpaint", "mask", false],
  ])("%s sees beside its latents: %s", async (model, beside, pastes) => {
    const { stages, sizes, noiseLevels, lacks, priorModel } = await partsOf(model);
    expect(stages.beside?.kind).toBe(beside);
    expect(stages.priorNegative).toBe("embedding");
    expect(stages.pictureStart).toMatchObject({ strength: 0.3, pastes });
    expect(stages.pictureStart!.alphaBar !== undefined).toBe(!pastes); // 2.1 noises pictures in a way of its own
    expect([noiseLevels, stages.upsamplers]).toEqual([undefined, []]);
    expect(sizes!.step).toBe((stages.decoder.space.size.width / stages.decoder.space.shape(1)[3]!) ** 2);
    expect(priorModel).toMatch(/-prior$/);
    const isInpainting = beside === "mask";
    expect(lacks.caption).toEqual(
      pastes ? expect.stringMatching(/^this decoder sees image embeddings alone/) : undefined,
    );
    for (const name of ["generate", "vary", "interpolate", "mix", "edit", "components", "compare"] as const) {
      expect(lacks[name]).toEqual(
        isInpainting
          ? "this model only paints areas of pictures anew; give generate an image and a mask, or take another model"
          : undefined,
      );
    }
    expect(lacks.image).toBe(
      isInpainting ? "this model only paints areas of pictures anew; give a mask as well" : undefined,
    );
    expect(lacks.depth).toBe(
      beside === "depth" ? undefined : "this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
    );
    expect(lacks).toMatchObject({
      autoregressivePrior: 'this model has no autoregressive prior; choose "diffusion"',
      withoutPrior: 'this decoder always sees an image embedding; choose "diffusion" or "text-embedding"',
      upsamplers: "this model has no upsamplers; ask for larger pictures by width and height",
      noiseLevel: "this model takes image embeddings as they are, without noise; leave it out",
    });
    for (const name of ["prior", "textEncoder", "imageEncoder", "textEmbedding"] as const) {
      expect(lacks).not.toHaveProperty(name);
    }
  });

  it("without a prior says of each part that it lacks where to get one", async () => {
    const folder = join(await temporaryFolder(), "alone");
    await cp(fixturePath("kandinsky-2-2-tiny-decoder"), folder, { recursive: true });
    const { load } = await openFamily(folder, {});
    const { lacks, stages } = await load(await createRuntime());
    expect(stages.prior).toBe(undefined);
    for (const name of ["prior", "textEncoder", "imageEncoder", "textEmbedding"] as const) {
      expect(lacks[name]).toMatch(
        /^this folder holds a decoder alone, .*; give the prior's folder or id as priorModel/,
      );
    }
  });

  it.each([
    [
      {
        image_encoder: "kandinsky-2-2-tiny-b-prior/image_encoder",
        image_processor: "kandinsky-2-2-tiny-b-prior/image_processor",
      },
      "the image encoder gives image embeddings 32 wide, the prior takes 24; is it the prior of this model?",
    ],
    [
      {
        text_encoder: "kandinsky-2-2-tiny-b-prior/text_encoder",
        tokenizer: "kandinsky-2-2-tiny-b-prior/tokenizer",
      },
      "the text encoder gives text embeddings 32 wide, the prior takes 24; is it the prior of this model?",
    ],
  ])("whose prior has %j is refused", async (parts, message) => {
    const priorModel = await mixed("kandinsky-2-2-tiny-prior", parts);
    await expectRefusal(fixturePath("kandinsky-2-2-tiny-decoder"), `${priorModel}: ${message}`, { priorModel });
  });
});
