import { loadAutoencoder } from "@unclip/autoencoder";
import { loadImageEncoder, loadTextEncoder } from "@unclip/clip";
import { loadKandinskyDecoder, loadKarloDecoder, loadStableUnclipDecoder } from "@unclip/decoder";
import { loadAutoregressivePrior, loadDiffusionPrior } from "@unclip/prior";
import { createRuntime, openModelFolder, type ModelFolder, type Runtime } from "@unclip/runtime";
import { toybox } from "@unclip/toybox";
import { loadUpsampler } from "@unclip/upsampler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/* Who uses a stage alone, and without types, is told what is missing in a sentence of ours. */

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Untyped = any;

let folder: ModelFolder;
let runtime: Runtime;
beforeAll(async () => {
  folder = await openModelFolder(toybox);
  runtime = await createRuntime();
});
afterAll(() => runtime.dispose());

async function refusal(work: () => PromiseLike<unknown>): Promise<{ code?: string; message: string }> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was refused");
}

const loaders: Record<string, Untyped> = {
  loadAutoencoder,
  loadImageEncoder,
  loadTextEncoder,
  loadKandinskyDecoder,
  loadKarloDecoder,
  loadStableUnclipDecoder,
  loadAutoregressivePrior,
  loadDiffusionPrior,
  loadUpsampler,
};
const loading = Object.keys(loaders);

describe("loading a stage", () => {
  it.each(loading)("%s without a runtime is refused", async (name) => {
    expect(await refusal(async () => loaders[name](folder))).toMatchObject({
      code: "input",
      message: `${name}: runtime: expected what createRuntime of @unclip/runtime gives, got undefined`,
    });
    const promise = createRuntime();
    expect((await refusal(async () => loaders[name](folder, promise))).message).toMatch(/is an await missing\?$/);
    await (await promise).dispose();
  });

  it.each(loading)("%s without a folder is refused", async (name) => {
    const options = { component: "x", textLength: 77, text: { length: 77, width: 8 } };
    const given = name === "loadAutoregressivePrior" ? "x" : options;
    const error = await refusal(async () => loaders[name](undefined, runtime, given));
    expect(error).toMatchObject({
      code: "input",
      message: expect.stringMatching(/^model folder: expected .* got undefined$/),
    });
  });

  it("without what it must be told is refused", async () => {
    const messages = [
      await refusal(async () => loaders["loadKarloDecoder"](folder, runtime)),
      await refusal(async () => loaders["loadStableUnclipDecoder"](folder, runtime)),
      await refusal(async () => loaders["loadAutoencoder"](folder, runtime)),
    ];
    for (const error of messages)
      expect(error).toMatchObject({ code: "input", message: expect.stringContaining("expected") });
  });
});

describe("a stage", () => {
  it("of captions wants a list", async () => {
    const encoder: Untyped = await loadTextEncoder(folder, runtime);
    expect((await refusal(() => encoder.embed("a red cube"))).message).toBe(
      'text encoder: expected a list of captions, such as ["a red cube"], got the text "a red cube"',
    );
    expect(await refusal(() => encoder.embed([]))).toMatchObject({ code: "input" });
    expect(await refusal(() => encoder.embed([undefined]))).toMatchObject({ code: "input" });
  });

  it("of pictures wants a list", async () => {
    const encoder: Untyped = await loadImageEncoder(folder, runtime);
    const picture = { width: 1, height: 1, data: new Uint8Array(3) };
    expect(await refusal(() => encoder.embed(picture))).toMatchObject({ code: "input" });
    expect(await refusal(() => encoder.embed([{}]))).toMatchObject({ code: "input" });
  });

  it("that is a prior wants features and random numbers, and at guidance 1 nothing to lead away from", async () => {
    const textEncoder = await loadTextEncoder(folder, runtime);
    const text = await textEncoder.embed(["a red cube"]);
    const { createRandom } = await import("@unclip/tensor");
    const prior: Untyped = await loadDiffusionPrior(folder, runtime);
    const autoregressive: Untyped = await loadAutoregressivePrior(folder, runtime);
    for (const one of [prior, autoregressive]) {
      expect((await refusal(() => one.embed())).message).toMatch(/^prior.text: expected text features/);
      expect((await refusal(() => one.embed(textEncoder.embed(["a"]), {}))).message).toMatch(/is an await missing\?$/);
      expect((await refusal(() => one.embed(text))).message).toMatch(/^prior.random: expected random numbers/);
    }
    const random = createRandom(0);
    expect((await prior.embed(text, { random, steps: 2, guidanceScale: 1 })).dims).toEqual([1, 128]);
  });

  it("that is a decoder wants a condition and random numbers, and at guidance 1 nothing to lead away from", async () => {
    const textEncoder = await loadTextEncoder(folder, runtime);
    const { textLength: length, width } = textEncoder.config;
    const text = await textEncoder.embed(["a red cube"]);
    const { createRandom } = await import("@unclip/tensor");
    const decoder: Untyped = await loadKarloDecoder(folder, runtime, { text: { length, width } });
    const random = createRandom(0);
    expect((await refusal(() => decoder.decode({ text }))).message).toMatch(/^decoder.random: expected random numbers/);
    expect((await refusal(() => decoder.decode(undefined, { random }))).message).toMatch(
      /^decoder: expected a condition/,
    );
    expect((await refusal(() => decoder.decode({}, { random }))).message).toMatch(/^decoder: give an imageEmbedding/);
    expect((await refusal(() => decoder.decode({ text: {} }, { random }))).message).toMatch(
      /^decoder.text: expected text/,
    );
    const wrong = { text, imageEmbedding: [1, 2, 3] };
    expect(await refusal(() => decoder.decode(wrong, { random, guidanceScale: 1 }))).toMatchObject({ code: "input" });
    const pixels = await decoder.decode({ text }, { random, steps: 2, guidanceScale: 1 });
    expect(pixels.dims).toEqual([1, 3, 32, 32]);
  });

  it("that is an upsampler wants pixels and random numbers", async () => {
    const upsampler: Untyped = await loadUpsampler(folder, runtime);
    const { createRandom, filled } = await import("@unclip/tensor");
    const random = createRandom(0);
    expect((await refusal(() => upsampler.upsample(undefined, { random }))).message).toMatch(
      /^upsampler.pixels: expected/,
    );
    const pixels = filled([1, 3, 32, 32], 0);
    expect((await refusal(() => upsampler.upsample(pixels))).message).toMatch(
      /^upsampler.random: expected random numbers/,
    );
  });
});
