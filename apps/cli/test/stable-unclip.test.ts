import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { encodePng, inspectModel, loadClip, loadUnclip } from "unclip";
import { quantizeModel } from "unclip/quantize";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, gradient, type FakeHost } from "./fake-host.js";
import { combineStableUnclip } from "../../../test-support/combined-folder.js";
import { temporaryFolder } from "../../../test-support/folders.js";
import { fixturePath, readFixture, shareOff } from "../../../test-support/index.js";
import { pixelsOf } from "./pixels.js";

/* Stable unCLIP on the command line: the pictures that diffusers paints, and what the commands say. */

interface Case {
  name: string;
  kind: "text-to-image" | "image-variation";
  captions?: [string];
  negativeCaptions?: [string];
  picture?: string;
  noiseLevel: number;
  priorSteps?: number;
  priorGuidance?: number;
  seed: number;
  imagesPerInput: number;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  images: string[];
}

const [H, H_B, L, KARLO] = ["stable-unclip-tiny-h", "stable-unclip-tiny-h-b", "stable-unclip-tiny-l", "karlo-tiny"];

/** A host whose engine is the library itself. */
function host(): FakeHost {
  return { ...createFakeHost(), engine: { encodePng, inspectModel, loadClip, loadUnclip, quantizeModel } };
}

/** The command line that paints a case. */
function argsOf(item: Case, model: string): string[] {
  const given: [string, unknown][] = [
    ["model", fixturePath(model)],
    ["prior-model", model === L ? fixturePath(KARLO!) : undefined],
    [item.kind === "image-variation" ? "caption" : "", item.captions?.[0]],
    ["negative", item.negativeCaptions?.[0]],
    ["noise-level", item.noiseLevel],
    ["prior-steps", item.priorSteps],
    ["prior-guidance", item.priorGuidance],
    ["seed", item.seed],
    ["n", item.imagesPerInput],
    ["width", item.width],
    ["height", item.height],
    ["decoder-steps", item.steps],
    ["decoder-guidance", item.guidance],
  ];
  const flags = given
    .filter(([flag, value]) => flag !== "" && value !== undefined)
    .flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const subject =
    item.kind === "image-variation"
      ? ["vary", fixturePath(`${model}.expected/${item.picture}`)]
      : ["generate", item.captions![0]];
  return [...subject, ...flags];
}

describe.each([H!, H_B!, L!])("%s paints on the command line what diffusers paints", (model) => {
  const { cases } = readFixture<{ cases: Case[] }>(`${model}.expected/expected.json`);

  it.each(cases)("$name", async (item) => {
    const [folder, here] = [await temporaryFolder(), host()];
    expect(await run([...argsOf(item, model), "--out", join(folder, "out.png"), "--json"], here)).toBe(0);
    const { images } = JSON.parse(here.stdout.text) as { images: { path: string }[] };
    expect(images.length).toBe(item.images.length);
    for (const [i, file] of item.images.entries()) {
      const off = shareOff(await pixelsOf(images[i]!.path), await pixelsOf(fixturePath(`${model}.expected/${file}`)));
      expect(off).toBeLessThanOrEqual(0.005); // random networks amplify rounding
    }
  });
});

describe("the commands with Stable unCLIP", () => {
  const few = ["--decoder-steps", "2", "--width", "64", "--height", "64"];

  it("say that a size was rounded up", async () => {
    const [folder, here] = [await temporaryFolder(), host()];
    const [file, out] = [join(folder, "in.png"), join(folder, "out.png")];
    await writeFile(file, await encodePng(gradient(9, 7)));
    const args = ["vary", file, "--model", fixturePath(H!), "--decoder-steps", "2", "--width", "60", "--height", "30"];
    expect(await run([...args, "--out", out], here)).toBe(0);
    expect(here.stderr.text).toContain("warning: size: 60 x 30 became 64 x 32");
    expect(await sharp(out).metadata()).toMatchObject({ width: 64, height: 32 });
  });

  it("paint again from the file alone, with the prior that its recipe names", async () => {
    const [folder, here] = [await temporaryFolder(), host()];
    const [out, again] = [join(folder, "out.png"), join(folder, "again.png")];
    const models = ["--model", fixturePath(L!), "--prior-model", fixturePath(KARLO!)];
    expect(await run(["generate", "a cat", ...models, ...few, "--prior-steps", "2", "--out", out], here)).toBe(0);
    expect(await run(["again", out, "--out", again], here)).toBe(0);
    expect(await sharp(again).raw().toBuffer()).toEqual(await sharp(out).raw().toBuffer());
    expect(here.stderr.text).not.toContain("warning");
  });

  it("refuse with the flag and the way out where there is no prior", async () => {
    const here = host();
    expect(await run(["generate", "a cat", "--model", fixturePath(H!), ...few], here)).toBe(1);
    expect(here.stderr.text).toMatch(
      /^error: --prior: this model has no prior; name a model with priorModel \(--prior-model\) whose prior gives embeddings 32 wide, or choose "none"/m,
    );
    const wrong = ["--model", fixturePath(H!), "--prior-model", fixturePath(KARLO!)];
    expect(await run(["generate", "a cat", ...wrong, ...few], here)).toBe(1);
    expect(here.stderr.text).toMatch(/gives image embeddings 24 wide, its decoder takes 32; prior and decoder must be/);
  });

  it("embed and classify with the towers that there are", async () => {
    const [folder, here] = [await temporaryFolder(), host()];
    const file = join(folder, "in.png");
    await writeFile(file, await encodePng(gradient(9, 7)));
    const own = ["--model", fixturePath(L!)];
    expect(await run(["embed", "--picture", file, ...own], here)).toBe(0);
    expect(await run(["embed", "--text", "a cat", ...own], here)).toBe(1);
    expect(await run(["classify", file, "--labels", "cat,dog", ...own], here)).toBe(1);
    expect(here.stderr.text.match(/has no text encoder whose embeddings lie beside those of pictures/g)).toHaveLength(
      2,
    );
    const both = [...own, "--prior-model", fixturePath(KARLO!)];
    expect(await run(["classify", file, "--labels", "cat,dog", ...both], here)).toBe(0);
    expect(here.stdout.text).toMatch(/(cat|dog) +\d+\.\d+ %/);
  });

  it("list what a folder of StableUnCLIPPipeline can do and what it lacks", async () => {
    const [folder, here] = [await temporaryFolder(), host()];
    await combineStableUnclip(folder);
    expect(await run(["inspect", folder], here)).toBe(0);
    expect(here.stdout.text).toMatch(/prior_text_encoder +CLIPTextModelWithProjection/);
    expect(here.stdout.text).toContain("\ncan: generate pictures of captions\n");
    expect(here.stdout.text).toMatch(/\nlacks: vary pictures: has no image_encoder/);
    expect((await readFile(join(folder, "model_index.json"), "utf8")).includes("StableUnCLIPPipeline")).toBe(true);
  });
});
