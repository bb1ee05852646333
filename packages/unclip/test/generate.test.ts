import { describe, expect, it } from "vitest";
import {
  createRandom,
  isUnclipError,
  loadUnclip,
  SAMPLER_NAMES,
  type GenerateRequest,
  type Prior,
  type RunOptions,
  type StageStep,
} from "unclip";
import { fixturePath } from "../../../test-support/index.js";
import { sharedModels } from "./shared-models.js";
import { refusal } from "./support.js";

type Options = GenerateRequest & RunOptions;
const small: Options = { prior: { steps: 2 }, decoder: { steps: 2 }, upsamplers: [{ steps: 2 }] };
const models = sharedModels();
const open = () => models(fixturePath("karlo-tiny"));

describe("generate", () => {
  it("paints the same picture for the same seed, and another for another", async () => {
    const unclip = await open();
    const paint = async (seed: number | bigint) =>
      (await unclip.generate("a cube", { ...small, seed })).images[0]!.data;
    const first = await paint(3);
    expect(await paint(3)).toEqual(first);
    expect(await paint(2n ** 32n + 3n)).toEqual(first); // torch keeps 32 bits
    expect(await paint(4)).not.toEqual(first);
  });

  it("gives n pictures for each caption, in order", async () => {
    const unclip = await open();
    const { images, imageEmbedding, recipe, stages } = await unclip.generate(["a cube", "a ring"], { ...small, n: 2 });
    expect(images.length).toBe(4);
    expect(imageEmbedding!.dims[0]).toBe(4);
    expect(recipe).toMatchObject({
      captions: ["a cube", "a ring"],
      n: 2,
      operation: "generate",
      seed: 0,
      prior: { kind: "diffusion", steps: 2, guidanceScale: 4 },
      decoder: { steps: 2, guidanceScale: 8 },
      upsamplers: [{ steps: 2 }],
    });
    expect(stages.map(({ name, steps }) => [name, steps])).toEqual([
      ["clip", 1],
      ["prior", 2],
      ["decoder", 2],
      ["upsampler-1", 2],
    ]);
  });

  it("goes without a prior, or with one of the caller's", async () => {
    const unclip = await open();
    const none = await unclip.generate("a cube", { ...small, prior: "none" });
    const text = await unclip.generate("a cube", { ...small, prior: "text-embedding" });
    expect(none.imageEmbedding).toBeUndefined();
    expect(text.imageEmbedding!.dims).toEqual([1, unclip.stages.textEncoder!.config.embeddingWidth]);
    expect(none.images[0]!.data).not.toEqual(text.images[0]!.data);
    const own: Prior = {
      name: "own",
      embed: async ({ textEmbedding }) => textEmbedding,
    };
    const same = await unclip.generate("a cube", { ...small, prior: own });
    expect(same.images[0]!.data).toEqual(text.images[0]!.data);
    expect(same.recipe).toMatchObject({ prior: { kind: "own:own" } });
  });

  it.each(["prior", "decoder"] as const)("guides the %s within an interval of timesteps alone", async (stage) => {
    const unclip = await open();
    const steps = 4; // at the timesteps 999, 666, 333 and 0
    const paint = async (settings: NonNullable<Options["decoder"]>) =>
      (await unclip.generate("a cube", { ...small, [stage]: { steps, ...settings }, upsamplers: 0 })).images[0]!;
    const everywhere = await paint({});
    expect(await paint({ guidanceInterval: [0, 999] })).toEqual(everywhere);
    expect(await paint({ guidanceInterval: [334, 665] })).toEqual(await paint({ guidanceScale: 1 })); // no step lies in it
    const inPart = await paint({ guidanceInterval: [333, 999] });
    expect(inPart).toEqual(await paint({ guidanceInterval: [1, 999] }));
    expect(inPart).not.toEqual(everywhere);
  });

  it("tells at which steps guidance acted", async () => {
    const unclip = await open();
    const request: Options = { ...small, decoder: { steps: 4, guidanceInterval: [333, 700] }, upsamplers: 0 };
    const guided: boolean[] = [];
    for await (const { stage, inside } of unclip.generate("a cube", request)) {
      if (stage === "decoder" && inside) guided.push((await inside()).unguided !== undefined);
    }
    expect(guided).toEqual([false, true, true, false]);
  });

  it("refuses an interval of guidance that cannot be, and one for a prior without timesteps", async () => {
    const unclip = await open();
    const paint = (request: Options) => unclip.generate("a cube", { ...small, ...request });
    await expect(paint({ decoder: { guidanceInterval: [800, 200] } })).rejects.toThrow(
      refusal(/^decoder.guidanceInterval: expected two timesteps from 0 to 999, .* got \[800,200\]$/),
    );
    await expect(paint({ prior: { guidanceInterval: [0, 1000] } })).rejects.toThrow(
      refusal(/^prior.guidanceInterval: expected two timesteps/),
    );
    await expect(paint({ prior: { kind: "none", guidanceInterval: [0, 999] } })).rejects.toThrow(
      refusal("prior.guidanceInterval: only the diffusion prior goes along timesteps; leave it out"),
    );
  });

  it("stops at the decoder's picture if no upsampler is wanted", async () => {
    const unclip = await open();
    const { images } = await unclip.generate("a cube", { ...small, upsamplers: 0 });
    expect(images[0]!.width).toBe(unclip.stages.decoder.space.shape(1)[3]);
  });

  it("reports each step, with a preview where there is a picture", async () => {
    const unclip = await open();
    const steps: StageStep[] = [];
    for await (const step of unclip.generate("a cube", small)) steps.push(step);
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
    expect((await steps[6]!.preview!())[0]!.width).toBe(unclip.stages.decoder.space.shape(1)[3]);
  });

  it("stops between two steps", async () => {
    const unclip = await open();
    const controller = new AbortController();
    const seen: string[] = [];
    const watch = async () => {
      for await (const { stage, step } of unclip.generate("a cube", { ...small, abortSignal: controller.signal })) {
        seen.push(`${stage} ${step}`);
        if (stage === "decoder" && step === 1) controller.abort();
      }
    };
    await expect(watch()).rejects.toSatisfy((error) => isUnclipError(error, "aborted"));
    expect(seen.at(-1)).toBe("decoder 1");
    await expect(unclip.generate("a cube", { ...small, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it("warns of a caption that is cut, and says what was lost", async () => {
    const unclip = await open();
    const caption = `a cube ${"very ".repeat(100)}last`;
    const { warnings } = await unclip.generate(caption, small);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(/^caption: only 75 tokens fit, so this was cut off: ".*last ?"$/);
    expect((await unclip.generate("a cube", small)).warnings).toEqual([]);
  });

  it.each<[Options, RegExp]>([
    [{ n: 0 }, /^n: expected a whole number from 1 to 64, got 0$/],
    [{ n: 65 }, /^n: expected a whole number from 1 to 64, got 65; all are painted at once/],
    [{ decoder: { guidanceScale: -1 } }, /^decoder.guidanceScale: expected a number from 0 \(1 is off\), got -1$/],
    [{ prior: { guidanceScale: NaN } }, /^prior.guidanceScale: expected a number/],
    [{ prior: { steps: 1 } }, /^prior.steps: expected a whole number from 2 to 1000, got 1$/],
    [{ decoder: { steps: 2.5 } }, /^decoder.steps: expected a whole number from 2 to 1000, got 2.5$/],
    [{ upsamplers: [{}, {}] }, /^upsamplers: expected 0 to 1, as many as the model has, got 2$/],
    [{ upsamplers: 2 }, /^upsamplers: expected 0 to 1, as many as the model has, got 2$/],
    [{ upsamplers: [{ steps: 0 }] }, /^upsamplers\[0\].steps: expected a whole number/],
    [
      { prior: "magic" as "none" },
      /^prior.kind: expected diffusion, autoregressive, text-embedding or none, got magic$/,
    ],
    [{ seed: 1.5 }, /^seed: expected an integer, got 1.5/],
    [{ seed: "x" }, /^seed: expected an integer, got x/],
    [{ negative: "a\0b" }, /^negative: holds a NUL character/],
    [{ decoderSteps: 5 } as Options, /^generate: there is no setting "decoderSteps"; expected captions, prior, image/],
    [
      { decoder: { stepz: 5 } } as Options,
      /^decoder: there is no setting "stepz"; expected steps, guidanceScale, guidanceInterval, sampler, cacheInterval$/,
    ],
    [{ prior: { kinds: "none" } } as Options, /^prior: there is no setting "kinds"/],
    [{ upsamplers: [{ step: 1 }] } as unknown as Options, /^upsamplers\[0\]: there is no setting "step"/],
    [{ decoder: null } as unknown as Options, /^decoder: expected an object with settings, got null$/],
    [{ upsamplers: "all" } as unknown as Options, /^upsamplers: expected/],
  ])("refuses %j", async (options, message) => {
    const unclip = await open();
    await expect(unclip.generate("a cube", { ...small, ...options })).rejects.toThrow(refusal(message));
  });

  it.each([
    [[], "caption: expected one or more, got none"],
    [undefined, "caption: expected a text"],
    [null, "caption: expected a text"],
    [[3], "caption: expected a text, got number"],
  ])("refuses %j for a caption", async (caption, message) => {
    await expect((await open()).generate(caption as unknown as string[])).rejects.toThrow(refusal(message));
  });

  it("draws from a stream of the caller's, and then records no seed", async () => {
    const unclip = await open();
    const seeded = await unclip.generate("a cube", { ...small, seed: 5 });
    const streamed = await unclip.generate("a cube", { ...small, random: createRandom(5) });
    expect(streamed.images[0]!.data).toEqual(seeded.images[0]!.data);
    expect(streamed.recipe.seed).toBeUndefined();
  });
});

describe("samplers", () => {
  it("can be chosen for each stage, and are recorded", async () => {
    const unclip = await open();
    const own = await unclip.generate("a cube", small);
    const other = await unclip.generate("a cube", {
      prior: { steps: 2, sampler: { name: "ddim", eta: 0.5 } },
      decoder: { steps: 2, sampler: "dpmpp-2m" },
      upsamplers: [{ steps: 2, sampler: "heun" }],
    });
    expect(other.recipe).toMatchObject({
      prior: { sampler: { name: "ddim", eta: 0.5 } },
      decoder: { sampler: "dpmpp-2m" },
      upsamplers: [{ sampler: "heun" }],
    });
    expect(other.images[0]!.data).not.toEqual(own.images[0]!.data);
    expect(own.recipe.decoder).not.toHaveProperty("sampler");
  });

  it("are refused by stage and name where there is none such", async () => {
    const unclip = await open();
    const paint = (options: Options) => unclip.generate("a cube", { ...small, ...options });
    await expect(paint({ decoder: { sampler: "magic" as "ddim" } })).rejects.toThrow(
      refusal(/^decoder.sampler: expected one of unclip, ddpm, .*; got "magic"$/),
    );
    await expect(paint({ prior: { steps: 0 } })).rejects.toThrow(refusal(/^prior.steps: expected a whole number/));
  });
});

/** Every sampler that needs no table. */
const samplers = SAMPLER_NAMES.filter((name) => name !== "analytic-dpm");

describe("every sampler", () => {
  it.each(samplers)("%s counts the steps that were asked for, at every stage", async (sampler) => {
    const unclip = await open();
    const counts = new Map<string, string[]>();
    const run = unclip.generate("a cube", {
      prior: { steps: 4, sampler },
      decoder: { steps: 3, sampler },
      upsamplers: [{ steps: 2, sampler }],
    });
    for await (const { stage, step, steps } of run) {
      if (step > 0) counts.set(stage, [...(counts.get(stage) ?? []), `${step} of ${steps}`]);
    }
    expect(Object.fromEntries(counts)).toEqual({
      clip: ["1 of 1"],
      prior: ["1 of 4", "2 of 4", "3 of 4", "4 of 4"],
      decoder: ["1 of 3", "2 of 3", "3 of 3"],
      "upsampler-1": ["1 of 2", "2 of 2"],
    });
  });
});

describe("a negative caption", () => {
  it("leads away from what it says, and is recorded", async () => {
    const unclip = await open();
    const plain = await unclip.generate("a cube", small);
    const away = await unclip.generate("a cube", { ...small, negative: "a ring" });
    expect(away.images[0]!.data).not.toEqual(plain.images[0]!.data);
    expect(away.recipe.negative).toBe("a ring");
    expect(plain.recipe.negative).toBe("");
  });
});

describe("a negative caption of each caption", () => {
  it("leads its own picture alone", async () => {
    const unclip = await open();
    const paint = async (negative: string | string[]) =>
      (await unclip.generate(["a cube", "a ring"], { ...small, negative })).images.map(({ data }) => data);
    const [first, second] = await paint("a cone");
    const [own, other] = await paint(["a cone", "a sphere"]);
    expect(own).toEqual(first);
    expect(other).not.toEqual(second);
    const { recipe, images } = await unclip.generate(["a cube", "a ring"], { ...small, negative: ["a", "b"], n: 2 });
    expect(recipe.negative).toEqual(["a", "b"]);
    expect((await unclip.again(recipe)).images).toEqual(images);
  });
});

describe("what a model does not do", () => {
  it("is told in words, and refused with the reason", async () => {
    const unclip = await open();
    expect(unclip.can).toContain("generate pictures of captions");
    expect(unclip.lacks).toContain(
      "noise what it saw, so that variations differ more: this model takes image embeddings as they are, without noise; leave it out",
    );
    await expect(unclip.generate("a cube", { ...small, width: 64 })).rejects.toThrow(
      refusal(/^width: this model paints pictures of one size; leave width and height out$/),
    );
    await expect(unclip.generate("a cube", { ...small, noiseLevel: 0 })).rejects.toThrow(
      refusal(/^noiseLevel: this model/),
    );
  });
});

describe("the prior of another model", () => {
  it("takes the place of the model's own, and the recipe says so", async () => {
    const other = fixturePath("karlo-tiny-c");
    const [own, both] = [
      await open(),
      await loadUnclip(fixturePath("karlo-tiny"), { priorModel: fixturePath("karlo-tiny") }),
    ];
    const { images } = await own.generate("a cube", small);
    const same = await both.generate("a cube", small);
    expect(same.images).toEqual(images);
    expect(same.recipe.priorModel).toBe(both.priorModel);
    expect((await both.again(same.recipe)).warnings).toEqual([]);
    expect((await own.again(same.recipe)).warnings).toEqual([
      expect.stringMatching(/^recipe: it was made with .*karlo-tiny with the prior of .*karlo-tiny, this is /),
    ]);
    await both.dispose();
    await expect(loadUnclip(fixturePath("karlo-tiny"), { priorModel: other })).rejects.toThrow(
      refusal(/are the parts from one model\?/, "config"),
    );
  });
});

describe("the event loop", () => {
  it("gets its turn between two steps, so that timers fire and an abort is honoured", async () => {
    const unclip = await open();
    await unclip.generate("a cube", small); // networks are open
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const run = unclip.generate("a cube", { ...small, decoder: { steps: 900 }, signal: controller.signal });
    await expect(Promise.resolve(run)).rejects.toSatisfy((error) => isUnclipError(error, "aborted"));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(1);
  });
});
