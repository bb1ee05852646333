import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  inspectModel,
  loadClip,
  loadUnclip,
  type Generation,
  type LoadOptions,
  type Picture,
  type Recipe,
  type Unclip,
} from "unclip";
import { describe, expect, it, onTestFinished } from "vitest";
import { combineKandinsky } from "../../../test-support/combined-folder.js";
import { fixturePath } from "../../../test-support/index.js";
import { sharedModels } from "./shared-models.js";

const [PLAIN_22, INPAINT_22] = ["kandinsky-2-2-tiny-decoder", "kandinsky-2-2-tiny-decoder-inpaint"];
const DEPTH_22 = "kandinsky-2-2-tiny-b-controlnet-depth";
const [PLAIN_21, INPAINT_21] = ["kandinsky-2-1-tiny", "kandinsky-2-1-tiny-inpaint"];

const small = { prior: { steps: 2 }, decoder: { steps: 2 }, seed: 5 };
const quick = { decoder: { steps: 2 }, seed: 5 };

async function open(source: string, options: LoadOptions = {}): Promise<Unclip> {
  const unclip = await loadUnclip(source, options);
  onTestFinished(() => unclip.dispose());
  return unclip;
}

const models = sharedModels();
const load = (name: string) => models(fixturePath(name));

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unclip-kandinsky-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A picture of stripes. */
function stripes(width: number, height: number): Picture {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => ((Math.floor(i / 3) % width) * 37 + (i % 3) * 90) % 256,
  );
  return { width, height, data };
}

/** White in its right half. */
function halfMask(width: number, height: number): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    Math.floor(i / 3) % width < width / 2 ? 0 : 255,
  );
  return { width, height, data };
}

const bytesOf = ({ images }: Generation) => images.map(({ data }) => Buffer.from(data).toString("base64"));

describe.each([PLAIN_22, PLAIN_21])("%s", (model) => {
  it.each([
    [64, 32],
    [32, 64],
  ])("paints %i x %i over a picture of that shape, which keeps its orientation", async (width, height) => {
    const unclip = await load(model);
    const { images } = await unclip.generate("a cat", {
      ...small,
      image: stripes(width, height),
      strength: 0.5,
      width,
      height,
    });
    expect(images).toMatchObject([{ width, height }]);
  });

  it.each<[string, (unclip: Unclip) => PromiseLike<Generation>]>([
    [
      "generate",
      (unclip) => unclip.generate(["a cat", "red"], { ...small, n: 2, width: 32, height: 48, negative: ["dark", ""] }),
    ],
    [
      "generate from a picture",
      (unclip) => unclip.generate("a cat", { ...small, image: stripes(70, 40), strength: 1 }),
    ],
    [
      "generate into a mask",
      (unclip) => unclip.generate("a cat", { ...small, image: stripes(70, 40), mask: halfMask(70, 40) }),
    ],
    ["vary", (unclip) => unclip.vary(stripes(40, 30), { ...quick, negative: "dark", n: 2 })],
    ["vary with eta", (unclip) => unclip.vary(stripes(40, 30), { ...quick, eta: 0.5 })],
    [
      "interpolate",
      (unclip) => unclip.interpolate(["a cat", stripes(40, 30)], { ...small, frames: 3, negative: "dark" }),
    ],
    ["mix", (unclip) => unclip.mix(["a cat", stripes(40, 30)], { ...small, weights: [1, 2], n: 2, negative: "dark" })],
    ["mix of pictures", (unclip) => unclip.mix([stripes(40, 30), stripes(20, 30)], small)],
    ["edit", (unclip) => unclip.edit(stripes(40, 30), { ...quick, to: "red", frames: 2 })],
    [
      "components",
      (unclip) => unclip.components(stripes(40, 30), { ...small, among: ["a cat", "red", "two dogs"], counts: [1, 2] }),
    ],
  ])("paints a recipe again that went through JSON: %s", async (_, paint) => {
    const unclip = await load(model);
    const first = await paint(unclip);
    const recipe = JSON.parse(JSON.stringify(first.recipe)) as Recipe;
    const again = await unclip.again(recipe);
    expect(bytesOf(again)).toEqual(bytesOf(first));
    expect(again.warnings).toEqual(first.warnings);
    expect(JSON.parse(JSON.stringify(again.recipe))).toEqual(recipe);
  });

  it("says what it can do, and what not and why", async () => {
    const { can, lacks, problems } = await inspectModel(fixturePath(model));
    expect(problems).toEqual([]);
    expect(can).toContain("mix pictures and captions");
    expect(can).toContain("paint an area of a picture anew (image and mask)");
    expect(lacks).toContain(
      'paint from the caption alone (prior none): this decoder always sees an image embedding; choose "diffusion" or "text-embedding"',
    );
    expect(can.includes("take a caption beside the picture that is varied")).toBe(model === PLAIN_21);
  });

  it("shows the way to a picture, and stops on it", async () => {
    const unclip = await load(model);
    const seen: string[] = [];
    const controller = new AbortController();
    const run = unclip.generate("a cat", {
      ...small,
      decoder: { steps: 4 },
      width: 48,
      height: 32,
      signal: controller.signal,
    });
    const stopped = (async () => {
      for await (const { stage, step, preview } of run) {
        const [picture] = (await preview?.()) ?? [];
        if (picture) seen.push(`${stage} ${step}: ${picture.width} x ${picture.height}`);
        if (stage === "decoder" && step === 2) controller.abort();
      }
    })();
    await expect(stopped).rejects.toThrow(expect.objectContaining({ code: "aborted" }));
    expect(seen).toEqual(["decoder 1: 12 x 8", "decoder 2: 12 x 8"]); // one pixel for each latent
  });

  it("refuses what it cannot do, with the reason", async () => {
    const unclip = await load(model);
    const refused = async (run: PromiseLike<unknown>, message: string) => {
      await expect(Promise.resolve(run)).rejects.toThrow(message);
    };
    await refused(
      unclip.generate("a cat", { prior: "none" }),
      'prior.kind: this decoder always sees an image embedding; choose "diffusion" or "text-embedding"',
    );
    await refused(
      unclip.generate("a cat", { prior: "autoregressive" }),
      "prior.kind: this model has no autoregressive prior",
    );
    await refused(unclip.compare("a cat"), "this decoder always sees an image embedding");
    await refused(
      unclip.generate("a cat", { noiseLevel: 3 }),
      "noiseLevel: this model takes image embeddings as they are",
    );
    await refused(unclip.generate("a cat", { upsamplers: 1 }), "upsamplers: expected 0 to 0");
    await refused(
      unclip.generate("a cat", { depth: stripes(8, 8) }),
      "depth: this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
    );
  });

  it("rounds sizes up, and says so", async () => {
    const unclip = await load(model);
    const { images, warnings, recipe } = await unclip.generate("a cat", { ...small, width: 33, height: 16 });
    expect([images[0]!.width, images[0]!.height]).toEqual([48, 16]);
    expect(warnings).toEqual([
      "size: 33 x 16 became 48 x 16, because this model paints widths and heights in multiples of 16",
    ]);
    expect(recipe).toMatchObject({ width: 48, height: 16 });
  });

  it("is led away from a negative caption, whatever it paints", async () => {
    const unclip = await load(model);
    for (const paint of [
      (negative: string) => unclip.generate("a cat", { ...small, negative }),
      (negative: string) => unclip.vary(stripes(40, 30), { ...quick, negative }),
      (negative: string) => unclip.mix(["a cat"], { ...small, negative }),
      (negative: string) =>
        unclip.components(stripes(40, 30), { ...small, among: ["a cat", "red"], counts: [1], negative }),
    ]) {
      const [dark, nothing] = [await paint("dark and small"), await paint("")];
      expect(bytesOf(dark)).not.toEqual(bytesOf(nothing));
    }
  });
});

it("a depth picture is refused by models of other families", async () => {
  for (const model of ["karlo-tiny", "stable-unclip-tiny-h-b"]) {
    const unclip = await load(model);
    const painting = unclip.vary(stripes(8, 8), { depth: stripes(8, 8) });
    await expect(Promise.resolve(painting)).rejects.toThrow(
      "depth: this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
    );
    expect(unclip.can.join()).not.toMatch(/depth/);
  }
});

it("reads a caption beside the picture that 2.1 varies, and 2.2 refuses it", async () => {
  const unclip = await load(PLAIN_21);
  const paint = (caption: string) => unclip.vary(stripes(40, 30), { ...quick, caption });
  expect(bytesOf(await paint("ein roter Würfel"))).not.toEqual(bytesOf(await paint("")));
  const other = await load(PLAIN_22);
  await expect(Promise.resolve(other.vary(stripes(40, 30), { caption: "red" }))).rejects.toThrow(
    "caption: this decoder sees image embeddings alone, not captions; leave it out, or mix picture and caption",
  );
});

it.each([INPAINT_22, INPAINT_21])("%s paints into masks alone, and again", async (model) => {
  const unclip = await load(model);
  const [image, mask] = [stripes(64, 64), halfMask(64, 64)];
  const first = await unclip.generate("a cat", { ...small, image, mask, n: 2 });
  expect(bytesOf(await unclip.again(JSON.parse(JSON.stringify(first.recipe)) as Recipe))).toEqual(bytesOf(first));
  const reason =
    "this model only paints areas of pictures anew; give generate an image and a mask, or take another model";
  for (const [name, run] of [
    ["image", unclip.generate("a cat")],
    ["vary", unclip.vary(image)],
    ["mix", unclip.mix(["a cat", image])],
    ["interpolate", unclip.interpolate(["a cat", image])],
  ] as const) {
    await expect(Promise.resolve(run as PromiseLike<unknown>)).rejects.toThrow(`${name}: ${reason}`);
  }
  await expect(Promise.resolve(unclip.generate("a cat", { image }))).rejects.toThrow(
    "image: this model only paints areas of pictures anew; give a mask as well",
  );
  const { can, lacks } = await inspectModel(fixturePath(model));
  expect(can).toContain("paint an area of a picture anew (image and mask)");
  expect(lacks).toContain(`generate pictures of captions: ${reason}`);
});

it("takes a strength when it paints into a mask", async () => {
  const unclip = await load(INPAINT_22);
  const settings = { ...small, image: stripes(64, 64), mask: halfMask(64, 64) };
  const [whole, half] = [
    await unclip.generate("a cat", settings),
    await unclip.generate("a cat", { ...settings, strength: 0.5 }),
  ];
  expect(bytesOf(half)).not.toEqual(bytesOf(whole));
});

it("follows a depth picture in every operation, and needs one", async () => {
  const unclip = await load(DEPTH_22);
  const depth = stripes(64, 64);
  const first = await unclip.vary(stripes(30, 20), { ...quick, depth });
  const recipe = JSON.parse(JSON.stringify(first.recipe)) as Recipe;
  expect(bytesOf(await unclip.again(recipe))).toEqual(bytesOf(first));
  expect(bytesOf(await unclip.vary(stripes(30, 20), { ...quick, depth: halfMask(64, 64) }))).not.toEqual(
    bytesOf(first),
  );
  await expect(Promise.resolve(unclip.mix(["a cat"], small))).rejects.toThrow(
    "depth: this model follows a depth picture; give one, or take a model without",
  );
  await expect(Promise.resolve(unclip.again(recipe, { width: 128 }))).rejects.toThrow(
    "depth: expected a picture of 128 x 64 in base64, got 12288 bytes",
  );
});

describe("the prior is found", () => {
  const paint = async (unclip: Unclip) => bytesOf(await unclip.generate("a cat", { ...small, width: 32, height: 32 }));

  /** A decoder's folder by itself, and the model card in it. */
  async function alone(card?: string): Promise<{ root: string; decoder: string }> {
    const root = await temporary();
    const decoder = join(root, "mine-decoder");
    await cp(fixturePath(PLAIN_22), decoder, { recursive: true });
    if (card !== undefined) await writeFile(join(decoder, "README.md"), card);
    return { root, decoder };
  }
  const copyPrior = (to: string) => cp(fixturePath("kandinsky-2-2-tiny-prior"), to, { recursive: true });

  it("beside the decoder, called like it", async () => {
    const expected = await paint(await load(PLAIN_22));
    const { root, decoder } = await alone();
    await copyPrior(join(root, "mine-prior"));
    const unclip = await open(decoder);
    expect(await paint(unclip)).toEqual(expected);
    expect(unclip.priorModel).toBe(join(root, "mine-prior"));
  });

  it.each([
    "---\nlicense: apache-2.0\nprior:\n- someone/the-other\ntags:\n- x\n---\nprior: no/no\n",
    "---\r\nprior: [someone/the-other]\r\n---\r\n",
    '---\nprior: "someone/the-other"\n---\n',
  ])("beside the decoder, called as the model card says: %j", async (card) => {
    const { root, decoder } = await alone(card);
    await copyPrior(join(root, "the-other"));
    expect((await open(decoder)).priorModel).toBe(join(root, "the-other"));
  });

  it("where the caller says", async () => {
    const { root, decoder } = await alone();
    await copyPrior(join(root, "mine-prior"));
    const priorModel = fixturePath("kandinsky-2-2-tiny-prior");
    const unclip = await open(decoder, { priorModel });
    expect(unclip.priorModel).toBe(priorModel);
    expect((await unclip.generate("a cat", { ...small, width: 16, height: 16 })).recipe.priorModel).toBe(priorModel);
  });

  it("in the folder of a combined pipeline", async () => {
    const expected = await paint(await load(PLAIN_22));
    const decoder = join(await temporary(), "combined");
    await combineKandinsky(decoder);
    const unclip = await open(decoder);
    expect(await paint(unclip)).toEqual(expected);
    expect(unclip.priorModel).toBeUndefined();
  });

  it("or its lack is said, with what to do", async () => {
    const { root, decoder } = await alone();
    await mkdir(join(root, "mine-prior")); // holds nothing
    const unclip = await open(decoder);
    const reason =
      "this folder holds a decoder alone, and no prior was found beside it or named in its README.md; give the prior's folder or id as priorModel (--prior-model)";
    await expect(Promise.resolve(unclip.generate("a cat"))).rejects.toThrow(`prior.kind: ${reason}`);
    await expect(Promise.resolve(unclip.vary(stripes(8, 8)))).rejects.toThrow(reason);
    expect((await inspectModel(decoder)).lacks).toContain(`look at pictures: ${reason}`);
  });

  it("and refused where it is another model's", async () => {
    await expect(
      open(fixturePath(PLAIN_22), { priorModel: fixturePath("kandinsky-2-2-tiny-b-prior") }),
    ).rejects.toThrow(
      `${fixturePath("kandinsky-2-2-tiny-b-prior")}: the prior gives image embeddings 32 wide, the decoder takes 24; is it the prior of this model?`,
    );
    await expect(open(fixturePath(PLAIN_22), { priorModel: fixturePath(PLAIN_21) })).rejects.toThrow(
      "has no prior, model_index.json lists movq, scheduler, text_encoder, tokenizer, unet; give the folder of a prior as priorModel",
    );
    await expect(open(fixturePath("kandinsky-2-2-tiny-prior"))).rejects.toThrow(
      "kandinsky-2-2-tiny-prior holds a prior alone; open the folder of a decoder, and give this one as priorModel (--prior-model)",
    );
  });
});

it.each([PLAIN_22, PLAIN_21])("CLIP of %s is that of its prior", async (model) => {
  const [clip, direct] = [
    await loadClip(fixturePath(model)),
    await loadClip(fixturePath(`${model.replace("-decoder", "")}-prior`)),
  ];
  const texts = await Promise.all([clip, direct].map(({ textEncoder }) => textEncoder.embed(["a cat"])));
  expect(texts[0]!.textEmbedding.data).toEqual(texts[1]!.textEmbedding.data);
  const seen = await Promise.all([clip, direct].map(({ imageEncoder }) => imageEncoder.embed([stripes(40, 30)])));
  expect(seen[0]!.data).toEqual(seen[1]!.data);
  await Promise.all([clip.dispose(), direct.dispose()]);
  const lonely = join(await temporary(), "alone");
  await cp(fixturePath(model), lonely, { recursive: true });
  await expect(loadClip(lonely)).rejects.toThrow(
    `${lonely}: CLIP lies in the folder of its prior, which was not found; give the prior's folder or id as priorModel`,
  );
});

it("refuses parts of different models", async () => {
  const folder = join(await temporary(), "mixed");
  await cp(fixturePath(PLAIN_22), folder, { recursive: true });
  const path = join(folder, "model_index.json");
  const index = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await cp(join(fixturePath(PLAIN_21), "text_encoder"), join(folder, "text_encoder"), { recursive: true });
  await cp(join(fixturePath(PLAIN_21), "tokenizer"), join(folder, "tokenizer"), { recursive: true });
  await writeFile(path, JSON.stringify({ ...index, _class_name: "KandinskyPipeline" }));
  await expect(open(folder)).rejects.toThrow(
    `${folder}: unet/config.json is that of Kandinsky 2.2, model_index.json names a pipeline of 2.1; are they from one model?`,
  );
});
