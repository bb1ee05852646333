import { unclip } from "@unclip/ai-sdk";
import { generateImage } from "ai";
import sharp from "sharp";
import { loadUnclip, readPngTexts } from "unclip";
import { afterAll, describe, expect, it } from "vitest";

/* The adapter, as the AI SDK itself calls it. */

async function readImage(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const model = unclip("toybox", { readImage });
afterAll(() => model.dispose());
const small = { prior: { steps: 5 }, decoder: { steps: 5 } };

/** The recipe of the first picture. */
function recipeOf(metadata: Record<string, unknown>): object {
  return (metadata["unclip"] as { images: { recipe: object }[] }).images[0]!.recipe;
}

describe("generateImage of the AI SDK", () => {
  it("gives the pictures of the library, as PNG files with their recipes", async () => {
    const { images, warnings, providerMetadata, responses } = await generateImage({
      model,
      prompt: "a red cube",
      n: 2,
      seed: 7,
      size: "32x32",
      providerOptions: { unclip: small },
    });
    expect(warnings).toEqual([]);
    expect(responses[0]!.modelId).toBe("toybox");
    expect(images.map(({ mediaType }) => mediaType)).toEqual(["image/png", "image/png"]);

    const reference = await loadUnclip();
    const expected = await reference.generate("a red cube", { ...small, n: 2, seed: 7, upsamplers: 0 });
    await reference.dispose();
    const painted = await Promise.all(images.map(({ uint8Array }) => readImage(uint8Array)));
    expect(painted.map(({ data }) => [...data])).toEqual(expected.images.map(({ data }) => [...data]));

    const { unclip: text } = await readPngTexts(images[1]!.uint8Array, "picture.png");
    expect(JSON.parse(text!)).toEqual({ ...JSON.parse(JSON.stringify(expected.recipe)), shows: { picture: 2 } });
    expect(recipeOf(providerMetadata)).toMatchObject({ operation: "generate", captions: ["a red cube"], seed: 7 });
  });

  it("says which sizes there are where it has not the one that was asked for", async () => {
    const { warnings, images } = await generateImage({
      model,
      prompt: "a red cube",
      size: "640x480",
      aspectRatio: "4:3",
      providerOptions: { unclip: { ...small, upsamplers: 0 } },
    });
    expect(warnings).toEqual([
      { type: "unsupported", feature: "aspectRatio", details: "give a size" },
      {
        type: "unsupported",
        feature: "size",
        details: expect.stringMatching(/^expected one of 32x32, 128x128, 512x512/),
      },
    ]);
    expect((await readImage(images[0]!.uint8Array)).width).toBe(32);
  });

  it("varies a picture, and paints over one", async () => {
    const options = { model, size: "32x32", providerOptions: { unclip: { decoder: { steps: 5 } } } } as const;
    const { images } = await generateImage({ ...options, prompt: "a red cube" });
    const picture = images[0]!.uint8Array;
    const varied = await generateImage({ ...options, prompt: { images: [picture] }, n: 2 });
    expect(varied.images.length).toBe(2);
    expect(recipeOf(varied.providerMetadata)).toMatchObject({ operation: "vary" });
    const over = await generateImage({ ...options, prompt: { text: "a blue cube", images: [picture] } });
    expect(recipeOf(over.providerMetadata)).toMatchObject({ operation: "generate", strength: 0.6 });
  });

  it("stops when its signal fires, with the signal's reason, and is not tried again", async () => {
    const started = Date.now();
    const painting = generateImage({ model, prompt: "a red cube", abortSignal: AbortSignal.timeout(300) });
    await expect(painting).rejects.toMatchObject({ name: "TimeoutError" });
    expect(Date.now() - started).toBeLessThan(20_000);
    const controller = new AbortController();
    controller.abort();
    await expect(model.doGenerate(callOf({ abortSignal: controller.signal }))).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});

function callOf(changes: object): Parameters<typeof model.doGenerate>[0] {
  const none = { size: undefined, aspectRatio: undefined, seed: undefined, files: undefined, mask: undefined };
  return { prompt: "a red cube", n: 1, ...none, providerOptions: {}, ...changes };
}

describe("a call that cannot be followed is refused", () => {
  const file = { type: "file" as const, mediaType: "image/png", data: "AAAA" };
  it.each([
    ["without a prompt and a picture", { prompt: undefined }, /^prompt: give a caption/],
    ["with two pictures beside a prompt", { files: [file, file] }, /^files: expected one picture/],
    ["with the address of a picture", { files: [{ type: "url", url: "https://example.com/a.png" }] }, /got an address/],
  ])("%s", async (_, changes, message) => {
    const blank = unclip("toybox", { readImage: async () => ({ width: 1, height: 1, data: new Uint8Array(3) }) });
    await expect(blank.doGenerate(callOf(changes))).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(message),
    });
    await blank.dispose();
  });

  it("with a picture that nothing reads", async () => {
    const blind = unclip();
    await expect(blind.doGenerate(callOf({ files: [file] }))).rejects.toThrow("give the option readImage");
    await blind.dispose();
  });

  it("from a model that is not there, each time anew", async () => {
    const missing = unclip("./no-such-folder");
    for (const _ of [1, 2]) await expect(missing.doGenerate(callOf({}))).rejects.toMatchObject({ code: "input" });
    await missing.dispose();
  });
});
