import { estimatePriorTable, loadDiffusionPrior, type DiffusionPrior } from "@unclip/prior";
import { createRuntime, openModelFolder } from "@unclip/runtime/node";
import { addNoise, alphaBar, predictedEps } from "@unclip/sampler";
import { createRandom, tensor, valuesOf, zip } from "@unclip/tensor";
import { expect, describe, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";

const open = async () => {
  const runtime = await createRuntime();
  const prior = await loadDiffusionPrior(await openModelFolder(fixturePath("karlo-tiny")), runtime);
  const { embeddingWidth: width, textLength } = prior.config;
  const random = createRandom(5);
  const features = (n: number) => ({
    text: {
      textEmbedding: random.normal([n, width]),
      textStates: random.normal([n, textLength, width]),
      textMask: tensor(new Float32Array(n * textLength).fill(1), [n, textLength]),
    },
    imageEmbeddings: random.normal([n, width]),
  });
  return { runtime, prior, features };
};

describe("estimatePriorTable", () => {
  it("is known for a perfect prior: embeddings of N(m, s²), normalised by them, give Γ = 1 - ᾱ", async () => {
    const { prior } = await open();
    const width = prior.config.embeddingWidth;
    const row = (value: (i: number) => number) =>
      tensor(
        Float32Array.from({ length: width }, (_, i) => value(i)),
        [1, width],
      );
    const [mean, std] = [row((i) => i / width - 0.5), row((i) => 0.5 + i / width)];
    const { schedule } = prior.scheduler;
    const perfect: Pick<DiffusionPrior, "config" | "scheduler" | "condition"> = {
      ...prior,
      condition: () => ({
        // of N(0, 1) data: x_0 = sqrt(ᾱ) x_t
        denoise: async (xt, t) => ({
          type: "sample",
          output: zip(xt, xt, (x) => Math.sqrt(alphaBar(schedule, t)) * x),
        }),
        statistics: async () => ({ mean, std }),
      }),
    };
    const n = Math.ceil(20_000 / width);
    const drawn = createRandom(1).normal([n, width]);
    const imageEmbeddings = tensor(
      valuesOf(drawn).map((x, i) => x * valuesOf(std)[i % width]! + valuesOf(mean)[i % width]!),
      drawn.dims,
    );
    const { textLength } = prior.config;
    const text = {
      textEmbedding: tensor(new Float32Array(n * width), [n, width]),
      textStates: tensor(new Float32Array(n * textLength * width), [n, textLength, width]),
      textMask: tensor(new Float32Array(n * textLength), [n, textLength]),
    };
    const table = await estimatePriorTable(perfect, {
      text,
      imageEmbeddings,
      steps: 6,
      batchSize: 100,
      random: createRandom(0),
    });
    expect(table.timesteps).toEqual(prior.scheduler.timesteps(6));
    table.timesteps.forEach((t, i) => {
      const known = 1 - alphaBar(schedule, t);
      expect(Math.abs(table.gamma[i]! / known - 1)).toBeLessThan(0.03); // 20,000 values: 1 %
    });
  });

  it("is what the network predicts on noised normalised embeddings, however they are batched", async () => {
    const { runtime, prior, features } = await open();
    const { text, imageEmbeddings } = features(3);
    const [steps, n, width] = [4, 3, prior.config.embeddingWidth];
    const table = await estimatePriorTable(prior, { text, imageEmbeddings, steps, random: createRandom(7) });
    const { denoise, statistics } = prior.condition(text);
    const { mean, std } = await statistics();
    const x0 = tensor(
      valuesOf(imageEmbeddings).map((z, i) => (z - valuesOf(mean)[i % width]!) / valuesOf(std)[i % width]!),
      [n, width],
    );
    const random = createRandom(7);
    for (const [i, t] of prior.scheduler.timesteps(steps).entries()) {
      const bar = alphaBar(prior.scheduler.schedule, t);
      const xt = addNoise(x0, random.normal(x0.dims), bar);
      const eps = valuesOf(predictedEps(await denoise(xt, t), xt, bar));
      const gamma = eps.reduce((sum, value) => sum + value ** 2, 0) / eps.length;
      expect(Math.abs(table.gamma[i]! / gamma - 1)).toBeLessThan(1e-4); // float32
    }
    const all = { text, imageEmbeddings, steps, batchSize: 2 };
    const progress = [];
    for await (const { step } of estimatePriorTable(prior, { ...all, random: createRandom(7) })) progress.push(step);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8]); // two batches at four timesteps
    await runtime.dispose();
  });

  it("leads through a run of as many steps, and of no other number", async () => {
    const { runtime, prior, features } = await open();
    const { text, imageEmbeddings } = features(2);
    const table = await estimatePriorTable(prior, { text, imageEmbeddings, steps: 4, random: createRandom(0) });
    const run = (steps: number) =>
      Promise.resolve(
        prior.embed(text, {
          negative: text,
          random: createRandom(0),
          steps,
          sampler: { name: "analytic-dpm", table },
        }),
      );
    const embedding = await run(4);
    expect(embedding!.dims).toEqual(imageEmbeddings.dims);
    expect(valuesOf(embedding!).every(Number.isFinite)).toBe(true);
    await expect(run(7)).rejects.toThrow(/^prior.sampler analytic-dpm: its table of 4 steps lacks timestep 832/);
    await runtime.dispose();
  });

  it("refuses embeddings that are not one for each caption", async () => {
    const { runtime, prior, features } = await open();
    const [{ text }, { imageEmbeddings }] = [features(2), features(3)];
    const estimate = estimatePriorTable(prior, { text, imageEmbeddings, random: createRandom(0) });
    await expect(Promise.resolve(estimate)).rejects.toThrow(
      /prior.imageEmbeddings: expected \[2, \d+\], got \[3, \d+\]/,
    );
    await runtime.dispose();
  });
});
