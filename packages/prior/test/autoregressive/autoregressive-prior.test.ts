import {
  createAutoregressivePrior,
  hasAutoregressivePrior,
  loadAutoregressivePrior,
  readAutoregressivePriorConfig,
} from "@unclip/prior";
import { createRuntime, openModelFolder, type Feeds, type Network } from "@unclip/runtime/node";
import {
  createRandom,
  filled,
  isUnclipError,
  perPicture,
  rows,
  sliceText,
  tensor,
  valuesOf,
  type Random,
  type TextFeatures,
} from "@unclip/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectClose, fixturePath, readFixture, readFixtureTensors, rowOf } from "../../../../test-support/index.js";

const config = readAutoregressivePriorConfig(
  readFixture<Record<string, unknown>>("autoregressive-tiny/prior_autoregressive/config.json"),
  "config.json",
);
const DOT_PRODUCTS = config.dotProductBounds.length + 1;

/** Features of captions of 3, 4, ... tokens. */
function textOf(count: number, seed = 1): TextFeatures {
  const random = createRandom(seed);
  const mask = Array.from({ length: count }, (_, row) =>
    Array.from({ length: config.textLength }, (_, i) => (i < 3 + row ? 1 : 0)),
  );
  return {
    textEmbedding: random.normal([count, config.embeddingWidth]),
    textStates: random.normal([count, config.textLength, config.textWidth]),
    textMask: tensor(Float32Array.from(mask.flat()), [count, config.textLength]),
  };
}

const streams = (seeds: readonly number[]) => perPicture(seeds.map((seed) => createRandom(seed)));

/** A random source whose uniform numbers are all `u`. */
const always = (u: number): Random => ({
  normal: () => tensor(new Float32Array(), [0]),
  uniform: (dims) => tensor(new Float32Array(dims[0]!).fill(u), dims),
});

/** Keys and values as they were when they were fed: their buffer is written on. */
const snapshots = (feeds: Feeds) =>
  Object.fromEntries(
    Object.entries(feeds)
      .filter(([name]) => name.startsWith("past."))
      .map(([name, { data, dims }]) => [name, tensor((data as Float32Array).slice(), dims)]),
  );

/** A prior over made-up logits, which depend on the row and the component; its embedding is the list of tokens. Notes what they are fed. */
function madeUpPrior(logitsOf: (row: number, k: number) => readonly number[]) {
  const fed: Feeds[] = [];
  const fedPrefix: Feeds[] = [];
  const prefix: Network = {
    name: "prefix",
    run: async (feeds) => {
      fedPrefix.push(feeds);
      const [n, length] = feeds["textStates"]!.dims as [number, number];
      return { prefix: filled([n, length + 1, 2], 0.5) };
    },
  };
  const transformer: Network = {
    name: "transformer",
    run: async (feeds, outputs) => {
      fed.push({ ...feeds, ...snapshots(feeds) });
      const [n, added] = [feeds["tokens"]!.dims[0]!, feeds["prefix"]!.dims[1]! + 1];
      const k = Number(feeds["next"]!.data[0]);
      const logits = Array.from({ length: n }, (_, row) => logitsOf(row, k));
      const places = (layer: number) => filled([2, n, config.heads, added, config.headWidth], k + 1 + layer / 10);
      const made = outputs!
        .filter((name) => name !== "logits")
        .map((name) => [name, places(Number(name.split(".")[1]))]);
      return { logits: tensor(Float32Array.from(logits.flat()), [n, config.buckets]), ...Object.fromEntries(made) };
    },
  };
  const dequantisation: Network = {
    name: "dequantisation",
    run: async ({ tokens }) => ({
      imageEmbedding: tensor(Float32Array.from(tokens!.data as BigInt64Array, Number), tokens!.dims),
    }),
  };
  const networks = { prefix, transformer, dequantisation, components: dequantisation };
  return { prior: createAutoregressivePrior(networks, config), fed, fedPrefix };
}

const oneHot = (bucket: number) => Array.from({ length: config.buckets }, (_, i) => (i === bucket ? 50 : 0));

describe("the autoregressive prior's procedure", () => {
  it("tells the network each token once, and gives the last run's keys and values back", async () => {
    const bucketOf = (row: number, k: number) => (row + 2 * k) % config.buckets;
    const { prior, fed, fedPrefix } = madeUpPrior((row, k) => oneHot(bucketOf(row, k)));
    const embedding = await prior.embed(textOf(2), { random: createRandom(0) });
    const expected = [0, 1].flatMap((row) => Array.from({ length: config.components }, (_, k) => bucketOf(row, k)));
    expect([...valuesOf(embedding)]).toEqual(expected);
    expect(fed.map(({ next }) => Array.from(next!.data as BigInt64Array, Number))).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((k) => [k]),
    );
    expect(fed.every(({ tokens }) => tokens!.dims.join() === "2,1")).toBe(true);
    expect(fed.slice(1).map(({ tokens }) => Array.from(tokens!.data as BigInt64Array, Number))).toEqual(
      [0, 1, 2, 3, 4, 5].map((k) => [DOT_PRODUCTS + bucketOf(0, k), DOT_PRODUCTS + bucketOf(1, k)]),
    );
    expect(fedPrefix.length).toBe(1);
    expect(fed.map(({ prefix }) => prefix!.dims[1])).toEqual([4 + 1, ...Array<number>(config.components - 1).fill(0)]);
    const size = 4 + 1 + config.components;
    [0, 1].forEach((layer) => {
      const pasts = fed.map((feeds) => feeds[`past.${layer}`]!);
      expect(pasts.map(({ dims }) => dims[3])).toEqual([0, ...Array<number>(config.components - 1).fill(size)]);
      const last = pasts.at(-1)!.data as Float32Array;
      for (let start = 0; start < last.length; start += size * config.headWidth) {
        const places = Array.from({ length: size }, (_, i) => last[start + i * config.headWidth]);
        const of = (k: number) => Math.fround(k + layer / 10);
        expect(places).toEqual([...Array<number>(6).fill(of(1)), ...[2, 3, 4, 5, 6].map(of), 0]);
      }
    });
    const mask = Array.from(fed.at(-1)!["mask"]!.data as Int32Array);
    const counting = Array<number>(7).fill(1); // the text embedding and six tokens
    expect(mask.slice(0, size + 1)).toEqual([1, 1, 1, 0, ...counting, 0, 1]);
    expect(mask.slice(size + 1)).toEqual([1, 1, 1, 1, ...counting, 0, 1]);
  });

  it("draws the likeness from the upper half of the buckets, all alike", async () => {
    const { prior, fed } = madeUpPrior(() => oneHot(0));
    for (const u of [0, 0.499, 0.5, 0.999]) await prior.embed(textOf(1), { random: always(u) });
    const likeness = fed.filter((_, i) => i % config.components === 0).map(({ tokens }) => Number(tokens!.data[0]));
    expect(DOT_PRODUCTS).toBe(4);
    expect(likeness).toEqual([2, 2, 3, 3]);
  });

  it("guides the logits, with the same tokens in both halves", async () => {
    const { prior, fed, fedPrefix } = madeUpPrior((row, k) =>
      row === 0 ? [1, 0.5, 0, 0, 0] : [1, 0.9, 0, k === 3 ? 9 : 0, 0],
    );
    const options = { random: always(0), temperature: 0, negative: textOf(1, 2) };
    const guided = await prior.embed(textOf(1), { ...options, guidanceScale: 3 }); // 0.5 + 3 (0.9 - 0.5) = 1.7 beats 1
    expect([...valuesOf(guided)]).toEqual([1, 1, 1, 3, 1, 1, 1]);
    const embeddings = fedPrefix[0]!["textEmbedding"]!;
    expect(embeddings.dims[0]).toBe(2);
    expect(valuesOf(rows(embeddings as never, 0, 1))).toEqual(valuesOf(textOf(1, 2).textEmbedding));
    expect(fed.every(({ tokens }) => tokens!.data[0] === tokens!.data[1])).toBe(true);
  });

  it("stops between two tokens", async () => {
    const { prior, fed } = madeUpPrior(() => oneHot(0));
    const controller = new AbortController();
    const run = prior.embed(textOf(1), { random: createRandom(0), signal: controller.signal });
    const steps: number[] = [];
    const loop = async () => {
      for await (const { step, steps: all } of run) {
        expect(all).toBe(config.components);
        steps.push(step);
        if (step === 2) controller.abort();
      }
    };
    await expect(loop()).rejects.toThrow(expect.toSatisfy((error) => isUnclipError(error, "aborted")));
    expect(steps).toEqual([1, 2]);
    expect(fed.length).toBe(2);
  });

  it("refuses settings that cannot be, guidance from nothing, captions of another model, and logits that are no numbers", async () => {
    const { prior } = madeUpPrior(() => oneHot(0));
    const embed = (options: object, text = textOf(2)) =>
      Promise.resolve(prior.embed(text, { random: createRandom(0), ...options }));
    await expect(embed({ temperature: -1 })).rejects.toThrow("prior.temperature: expected a number from 0 on, got -1");
    await expect(embed({ temperature: NaN })).rejects.toThrow("prior.temperature");
    await expect(embed({ topP: 0 })).rejects.toThrow("prior.topP: expected a number above 0 and up to 1, got 0");
    await expect(embed({ guidanceScale: 2 })).rejects.toThrow("prior.negative: guidance needs");
    await expect(embed({ guidanceScale: 2, negative: textOf(3) })).rejects.toThrow(
      "prior.negative: expected text features",
    );
    const wide = { ...textOf(2), textEmbedding: createRandom(0).normal([2, 13]) };
    await expect(embed({}, wide)).rejects.toThrow("prior.textEmbedding: expected [2, 12], got [2, 13]");
    const broken = madeUpPrior((_, k) => (k === 2 ? [0, NaN, 0, 0, 0] : oneHot(0))).prior;
    await expect(Promise.resolve(broken.embed(textOf(1), { random: createRandom(0) }))).rejects.toThrow(
      "prior: component 3 of 7: a logit is NaN",
    );
  });
});

describe("an autoregressive prior of a model folder", () => {
  let opened: Awaited<ReturnType<typeof open>>;
  const open = async () => {
    const runtime = await createRuntime();
    const folder = await openModelFolder(fixturePath("autoregressive-tiny"));
    return { runtime, folder, prior: await loadAutoregressivePrior(folder, runtime) };
  };
  beforeAll(async () => (opened = await open()));
  afterAll(() => opened.runtime.dispose());

  it("draws the same embedding of a seed, another one of another, whatever the batch", async () => {
    const text = textOf(3);
    const options = { negative: textOf(1, 2), guidanceScale: 1.5, temperature: 1 };
    const embed = (seeds: readonly number[], captions = text) =>
      opened.prior.embed(captions, { ...options, random: streams(seeds) });
    const [first, again, other] = [await embed([4, 5, 6]), await embed([4, 5, 6]), await embed([7, 8, 9])];
    expect(first.dims).toEqual([3, config.embeddingWidth]);
    expectClose(valuesOf(first), valuesOf(again), { maxAbs: 0 });
    expect(valuesOf(first).some((value, i) => Math.abs(value - valuesOf(other)[i]!) > 0.1)).toBe(true);
    const alone = await embed([5], sliceText(text, 1, 2));
    expectClose(valuesOf(alone), valuesOf(rows(first, 1, 2)), { maxAbs: 1e-5 }); // float32, another order of sums
  });

  it("counts one step for each component", async () => {
    const steps: number[] = [];
    const run = opened.prior.embed(textOf(1), { random: createRandom(0) });
    for await (const { step } of run) steps.push(step);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect((await run).dims).toEqual([1, config.embeddingWidth]);
  });

  it("shows an embedding by its first components, as the weights' own arithmetic does", async () => {
    const weights = readFixtureTensors("autoregressive-tiny/prior_autoregressive/model.safetensors");
    const [mean, basis] = [weights["mean"]!, weights["components"]!];
    const z = createRandom(3).normal([3, config.embeddingWidth]);
    const counts = [0, 2, config.components];
    const expected = counts.flatMap((count, row) => {
      const centred = [...valuesOf(rows(z, row, row + 1))].map((value, d) => value - mean.data[d]!);
      const shown = [...mean.data];
      for (let k = 0; k < count; k++) {
        const { data: component } = rowOf(basis, k);
        const along = centred.reduce((sum, value, d) => sum + value * component[d]!, 0);
        shown.forEach((_, d) => (shown[d]! += along * component[d]!));
      }
      return shown;
    });
    const shown = await opened.prior.firstComponents(z, counts);
    expectClose(valuesOf(shown), expected, { maxAbs: 1e-4 }); // float32 sums of random weights
  });

  it.each<[number[], string, RegExp]>([
    [[8], "input", /^firstComponents: counts: expected whole numbers from 0 to 7, got 8/],
    [[0.5], "input", /counts: expected whole numbers/],
    [[1, 2], "shape", /^firstComponents: expected \[2, /],
  ])("refuses the counts %j", async (counts, code, message) => {
    const z = createRandom(3).normal([1, config.embeddingWidth]);
    const error = await opened.prior.firstComponents(z, counts).catch((reason: unknown) => reason);
    expect(isUnclipError(error, code as "input")).toBe(true);
    expect(String(error)).toMatch(new RegExp(message.source.replace("^", "")));
  });

  it("is missing from folders as they are published", async () => {
    expect(await hasAutoregressivePrior(opened.folder)).toBe(true);
    const karlo = await openModelFolder(fixturePath("karlo-tiny"));
    expect(await hasAutoregressivePrior(karlo)).toBe(false);
    await expect(loadAutoregressivePrior(karlo, opened.runtime)).rejects.toThrow(
      /prior_autoregressive\/config.json is missing/,
    );
  });
});
