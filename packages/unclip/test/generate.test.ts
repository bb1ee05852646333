import { describe, expect, it } from "vitest";
import { createRandom, isUnclipError, loadUnclip, type GenerateOptions, type Prior, type StageStep } from "unclip";
import { fixturePath } from "../../../test-support/index.js";

const small: GenerateOptions = { priorSteps: 2, decoderSteps: 2, upsamplerSteps: [2] };
const open = () => loadUnclip(fixturePath("karlo-tiny"));

describe("generate", () => {
  it("paints the same picture for the same seed, and another for another", async () => {
    const unclip = await open();
    const paint = async (seed: number | bigint) =>
      (await unclip.generate("a cube", { ...small, seed })).images[0]!.data;
    const first = await paint(3);
    expect(await paint(3)).toEqual(first);
    expect(await paint(2n ** 32n + 3n)).toEqual(first); // torch keeps 32 bits
    expect(await paint(4)).not.toEqual(first);
    await unclip.dispose();
  });

  it("gives n pictures for each caption, in order", async () => {
    const unclip = await open();
    const { images, imageEmbedding, recipe, stages } = await unclip.generate(["a cube", "a ring"], { ...small, n: 2 });
    expect(images.length).toBe(4);
    expect(imageEmbedding!.dims[0]).toBe(4);
    expect(recipe).toMatchObject({
      captions: ["a cube", "a ring"],
      n: 2,
      seed: "0",
      prior: "diffusion",
      upsamplerSteps: [2],
    });
    expect(stages.map(({ name, steps }) => [name, steps])).toEqual([
      ["clip", 1],
      ["prior", 2],
      ["decoder", 2],
      ["upsampler-1", 2],
    ]);
    await unclip.dispose();
  });

  it("goes without a prior, or with one of the caller's", async () => {
    const unclip = await open();
    const none = await unclip.generate("a cube", { ...small, prior: "none" });
    const text = await unclip.generate("a cube", { ...small, prior: "text-embedding" });
    expect(none.imageEmbedding).toBeUndefined();
    expect(text.imageEmbedding!.dims).toEqual([1, unclip.stages.textEncoder.config.embeddingWidth]);
    expect(none.images[0]!.data).not.toEqual(text.images[0]!.data);
    const own: Prior = {
      name: "own",
      // eslint-disable-next-line require-yield
      async *embed({ textEmbedding }) {
        return textEmbedding;
      },
    };
    const same = await unclip.generate("a cube", { ...small, prior: own });
    expect(same.images[0]!.data).toEqual(text.images[0]!.data);
    expect(same.recipe.prior).toBe("own");
    await unclip.dispose();
  });

  it("stops at the decoder's picture if no upsampler is wanted", async () => {
    const unclip = await open();
    const { images } = await unclip.generate("a cube", { ...small, upsamplers: 0 });
    expect(images[0]!.width).toBe(unclip.stages.decoder.config.sampleSize);
    await unclip.dispose();
  });

  it("reports each step, with a preview where there is a picture", async () => {
    const unclip = await open();
    const steps: StageStep[] = [];
    for await (const step of unclip.stream("a cube", small)) steps.push(step);
    const told = steps.map(
      ({ stage, step, steps: of, preview }) => `${stage} ${step}/${of}${preview ? " picture" : ""}`,
    );
    expect(told).toEqual([
      "clip 0/1",
      "clip 1/1",
      "prior 0/2",
      "prior 1/2",
      "prior 2/2",
      "decoder 0/2",
      "decoder 1/2 picture",
      "decoder 2/2 picture",
      "upsampler-1 0/2",
      "upsampler-1 1/2 picture",
      "upsampler-1 2/2 picture",
    ]);
    expect(steps[6]!.preview!()[0]!.width).toBe(unclip.stages.decoder.config.sampleSize);
    await unclip.dispose();
  });

  it("stops between two steps", async () => {
    const unclip = await open();
    const controller = new AbortController();
    const seen: string[] = [];
    const run = async () => {
      for await (const { stage, step } of unclip.stream("a cube", { ...small, abortSignal: controller.signal })) {
        seen.push(`${stage} ${step}`);
        if (stage === "decoder" && step === 1) controller.abort();
      }
    };
    await expect(run()).rejects.toSatisfy((error) => isUnclipError(error, "aborted"));
    expect(seen.at(-1)).toBe("decoder 1");
    await expect(unclip.generate("a cube", { ...small, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
    await unclip.dispose();
  });

  it("warns of a caption that is cut, and says what was lost", async () => {
    const unclip = await open();
    const caption = `a cube ${"very ".repeat(100)}last`;
    const { warnings } = await unclip.generate(caption, small);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(/^caption: only 75 tokens fit, so this was cut off: ".*last ?"$/);
    expect((await unclip.generate("a cube", small)).warnings).toEqual([]);
    await unclip.dispose();
  });

  it.each<[GenerateOptions, RegExp]>([
    [{ n: 0 }, /n: expected a whole number from 1, got 0/],
    [{ decoderGuidance: -1 }, /decoderGuidance: expected a number from 0 \(1 is off\), got -1/],
    [{ priorGuidance: NaN }, /priorGuidance: expected a number/],
    [{ priorSteps: 1 }, /^prior.steps: expected a whole number from 2 to 1000, got 1$/],
    [{ decoderSteps: 2.5 }, /^decoder.steps: expected a whole number from 2 to 1000, got 2.5$/],
    [{ upsamplerSteps: [2, 2] }, /upsamplerSteps: expected one number, or one for each of 1 upsamplers, got 2/],
    [{ upsamplers: 2 }, /upsamplers: expected 0 to 1, as many as the model has, got 2/],
    [{ prior: "magic" as "none" }, /prior: expected diffusion, text-embedding or none, got magic/],
    [{ seed: 1.5 }, /seed: expected an integer, got 1.5/],
  ])("refuses %j", async (options, message) => {
    const unclip = await open();
    await expect(unclip.generate("a cube", { ...small, ...options })).rejects.toThrow(message);
    await unclip.dispose();
  });

  it("refuses no caption at all", async () => {
    await expect((await open()).generate([])).rejects.toThrow("caption: expected one or more, got none");
  });

  it("draws from a stream of the caller's, and then records no seed", async () => {
    const unclip = await open();
    const seeded = await unclip.generate("a cube", { ...small, seed: 5 });
    const streamed = await unclip.generate("a cube", { ...small, random: createRandom(5) });
    expect(streamed.images[0]!.data).toEqual(seeded.images[0]!.data);
    expect(streamed.recipe.seed).toBeUndefined();
    await unclip.dispose();
  });
});

describe("samplers", () => {
  it("can be chosen for each stage, and are recorded", async () => {
    const unclip = await open();
    const own = await unclip.generate("a cube", small);
    const chosen = { priorSampler: "ddim", decoderSampler: "dpmpp-2m", upsamplerSampler: "heun" } as const;
    const other = await unclip.generate("a cube", { ...small, ...chosen });
    expect(other.recipe).toMatchObject(chosen);
    expect(other.images[0]!.data).not.toEqual(own.images[0]!.data);
    expect(own.recipe).not.toHaveProperty("decoderSampler");
    await unclip.dispose();
  });

  it("are refused by stage and name where there is none such", async () => {
    const unclip = await open();
    const paint = (options: GenerateOptions) => unclip.generate("a cube", { ...small, ...options });
    await expect(paint({ decoderSampler: "magic" as "ddim" })).rejects.toThrow(
      /^decoder.sampler: expected one of unclip, ddpm, .*; got "magic"$/,
    );
    await expect(paint({ priorSteps: 0 })).rejects.toThrow(/^prior.steps: expected a whole number/);
    await unclip.dispose();
  });
});
