import {
  loadKandinskyDecoder,
  loadKarloDecoder,
  loadStableUnclipDecoder,
  type Decoder,
  type DecoderCondition,
  type DecoderSpace,
} from "@unclip/decoder";
import { createRuntime, openModelFolder, type Feeds, type Network } from "@unclip/runtime/node";
import { createRandom, filled, tensor, type Tensor, type TextFeatures } from "@unclip/tensor";
import { describe, expect, it, onTestFinished } from "vitest";
import { expectRelative, fixturePath } from "../../../test-support/index.js";
import { checkCacheInterval, createUnetRunner } from "../src/unet-runner.js";

const ROUNDING = 1e-5; // float32: the two graphs are optimised each in its own way

describe("createUnetRunner", () => {
  /** A network that notes each run and gives the number of it. */
  const noting = (name: string, seen: string[]): Network => ({
    name,
    async run(feeds: Feeds) {
      seen.push("deep" in feeds ? `${name}(${(feeds["deep"] as Tensor).data[0]})` : name);
      return { deep: filled([1], seen.length) };
    },
  });
  const forms = (seen: string[]) => ({
    unet: noting("unet", seen),
    split: () => ({ whole: noting("whole", seen), shallow: noting("shallow", seen) }),
  });

  it("runs the whole network in every third step, and feeds what its deeper levels made to the first one", async () => {
    const seen: string[] = [];
    const run = createUnetRunner(forms(seen), 3);
    for (let step = 0; step < 7; step++) await run({});
    expect(seen).toEqual(["whole", "shallow(1)", "shallow(1)", "whole", "shallow(4)", "shallow(4)", "whole"]);
  });

  it("runs the network itself where it is to run in each step", async () => {
    const seen: string[] = [];
    const run = createUnetRunner({ unet: noting("unet", seen) }, 1);
    for (let step = 0; step < 2; step++) await run({});
    expect(seen).toEqual(["unet", "unet"]);
  });

  it("refuses a network without parts", () => {
    expect(() => createUnetRunner({ unet: noting("unet", []) }, 2)).toThrow(
      expect.objectContaining({
        code: "input",
        message: "decoder.cacheInterval: this decoder has no network in two parts; leave it out",
      }),
    );
  });
});

describe("checkCacheInterval", () => {
  it.each([0, -1, 1.5, NaN, "2", null])("refuses %j", (interval) => {
    expect(() => checkCacheInterval("decoder.cacheInterval", interval)).toThrow(
      expect.objectContaining({
        code: "input",
        message: `decoder.cacheInterval: expected a whole number of steps from 1 on, got ${String(interval)}`,
      }),
    );
  });

  it("takes whole numbers", () => {
    expect(() => [1, 2, 100].forEach((interval) => checkCacheInterval("x", interval))).not.toThrow();
  });
});

const random = createRandom(1);
const text = (length: number, width: number, embedding = width): TextFeatures => ({
  textEmbedding: random.normal([1, embedding]),
  textStates: random.normal([1, length, width]),
  textMask: filled([1, length], 1),
});

/** Latents of 8 x 16, as they are. */
const space: DecoderSpace = {
  kind: "latents",
  size: { width: 16, height: 8 },
  shape: (n) => [n, 4, 8, 16],
  encode: async (pixels) => pixels,
  decode: async (x0) => x0,
  preview: (x0) => x0,
};

type Ready = readonly [Decoder, DecoderCondition];

/** A decoder of each family, and a condition for it. */
const FAMILIES: Readonly<Record<string, () => Promise<Ready>>> = {
  async karlo() {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const read = async (name: string) => JSON.parse(await folder.text(`${name}/config.json`)) as Record<string, number>;
    const { hidden_size: width, max_position_embeddings: length } = await read("text_encoder");
    const sizes = { length: length!, width: width! };
    const decoder = await loadKarloDecoder(folder, await runtimeOfTest(), { text: sizes });
    const { embeddingWidth } = decoder;
    const imageEmbedding = random.normal([1, embeddingWidth]);
    return [decoder, { imageEmbedding, text: text(sizes.length, sizes.width, embeddingWidth) }];
  },
  async "kandinsky 2.2"() {
    const folder = await openModelFolder(fixturePath("kandinsky-2-2-tiny-decoder"));
    const decoder = (await loadKandinskyDecoder(folder, await runtimeOfTest())).at(space);
    return [decoder, { imageEmbedding: random.normal([1, decoder.embeddingWidth]) }];
  },
  async "stable unclip"() {
    const folder = await openModelFolder(fixturePath("stable-unclip-tiny-h"));
    const loaded = await loadStableUnclipDecoder(folder, await runtimeOfTest(), { textLength: 77 });
    const imageEmbedding = random.normal([1, 2 * loaded.embeddingWidth]);
    return [loaded.at(space), { imageEmbedding, text: text(77, loaded.config.contextWidth) }];
  },
};

async function runtimeOfTest() {
  const runtime = await createRuntime();
  onTestFinished(() => runtime.dispose());
  return runtime;
}

describe.each(Object.entries(FAMILIES))("the U-Net of %s", (_, load) => {
  it("gives the same from its own deep features, and from older ones something else", async () => {
    const [decoder, condition] = await load();
    const [first, second] = [1, 2].map(() => random.normal(decoder.space.shape(1))) as [Tensor, Tensor];
    const plain = decoder.denoiser(condition, { guidanceScale: 1 });
    const cached = decoder.denoiser(condition, { guidanceScale: 1, cacheInterval: 3 });
    const [atFirst, atSecond] = [await plain(first, 900), await plain(second, 500)];
    const valuesOf = ({ output }: { readonly output: Tensor }) => output.data as Float32Array;

    expectRelative(valuesOf(await cached(first, 900)), valuesOf(atFirst), ROUNDING);
    const again = await cached(first, 900);
    expectRelative(valuesOf(again), valuesOf(atFirst), ROUNDING);
    if (atFirst.variance) {
      expectRelative(again.variance!.data as Float32Array, atFirst.variance.data as Float32Array, ROUNDING);
    }
    const reused = valuesOf(await cached(second, 500));
    expect(furthest(reused, valuesOf(atSecond))).toBeGreaterThan(1e-3);
    expectRelative(valuesOf(await cached(second, 500)), valuesOf(atSecond), ROUNDING); // the whole network's turn
  });
});

function furthest(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

it("the parts stay open together, though they are larger than what may stay", async () => {
  const opened: string[] = [];
  const runtime = await createRuntime({
    residentBytes: 0,
    onEvent: ({ type, network }) => void opened.push(`${type} ${network}`),
  });
  onTestFinished(() => runtime.dispose());
  const folder = await openModelFolder(fixturePath("kandinsky-2-2-tiny-decoder"));
  const decoder = (await loadKandinskyDecoder(folder, runtime)).at(space);
  const condition = { imageEmbedding: random.normal([1, decoder.embeddingWidth]) };
  const denoise = decoder.denoiser(condition, { guidanceScale: 1, cacheInterval: 2 });
  for (const t of [900, 700, 500, 300]) await denoise(tensor(new Float32Array(512), [1, 4, 8, 16]), t);
  expect(opened).toEqual(["opened unet", "opened unet"]);
});
