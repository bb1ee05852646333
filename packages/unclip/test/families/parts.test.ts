import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspectModel, loadUnclip, type LoadOptions } from "unclip";
import { describe, expect, it } from "vitest";
import { combineStableUnclip } from "../../../../test-support/combined-folder.js";
import { temporaryFolder } from "../../../../test-support/folders.js";
import { fixturePath } from "../../../../test-support/index.js";
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

describe("a Karlo", () => {
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
