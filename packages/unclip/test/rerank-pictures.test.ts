import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cosineSimilarity, loadUnclip, type Unclip } from "unclip";
import { valuesOf } from "@unclip/tensor";
import { fillRerank } from "../src/rerank-pictures.js";
import { fakeModel } from "./manipulations/fake-model.js";
import { refusal } from "./support.js";

const settings = { seed: 3, prior: { steps: 2 }, decoder: { steps: 3 }, upsamplers: 0 };
const captions = ["a red cube", "a blue ring"];
let unclip: Unclip;

beforeAll(async () => {
  unclip = await loadUnclip();
});
afterAll(() => unclip.dispose());

describe("rerank", () => {
  it("keeps the pictures nearest to each caption, the nearest first, with their embeddings", async () => {
    const all = await unclip.generate(captions, { ...settings, n: 4 });
    const { images, imageEmbedding, similarities, recipe } = await unclip.generate(captions, {
      ...settings,
      n: 2,
      rerank: 4,
    });
    const seen = await unclip.stages.imageEncoder!.embed(all.images);
    const { textEmbedding } = await unclip.stages.textEncoder!.embed(captions);
    const cosines = valuesOf(cosineSimilarity(seen, textEmbedding));
    const ranked = [0, 1].flatMap((caption) =>
      [0, 1, 2, 3]
        .map((i) => ({ place: caption * 4 + i, cosine: cosines[(caption * 4 + i) * 2 + caption]! }))
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, 2),
    );
    expect(new Set(ranked.map(({ cosine }) => cosine)).size).toBe(4);
    expect(images).toEqual(ranked.map(({ place }) => all.images[place]));
    expect(similarities).toEqual(ranked.map(({ cosine }) => cosine));
    const width = imageEmbedding!.dims[1]!;
    const rowOf = (z: Float32Array, i: number) => z.slice(i * width, (i + 1) * width);
    for (const [i, { place }] of ranked.entries()) {
      expect(rowOf(valuesOf(imageEmbedding!), i)).toEqual(rowOf(valuesOf(all.imageEmbedding!), place));
    }
    expect(recipe).toMatchObject({ n: 2, rerank: 4 });
    expect((await unclip.again(JSON.parse(JSON.stringify(recipe)))).images).toEqual(images);
  });

  it("counts as a stage, and leaves pictures as they are without it", async () => {
    const seen: string[] = [];
    const run = unclip.generate("a red cube", { ...settings, prior: "none", rerank: 2 });
    for await (const { stage, step, steps } of run) if (step === steps) seen.push(stage);
    expect(seen).toEqual(["clip", "prior", "decoder", "rerank"]);
    expect((await run).images).toHaveLength(1);
    expect((await run).imageEmbedding).toBeUndefined();
    expect(await unclip.generate("a red cube", settings)).not.toHaveProperty("similarities");
  });

  it.each<[number, object, RegExp]>([
    [1, { n: 2 }, /^rerank: expected 2 or more, of which 2 are kept, got 1/],
    [0, {}, /^rerank: expected a whole number from 1 to 32, got 0/],
    [33, {}, /^rerank: expected a whole number from 1 to 32, got 33/],
    [1.5, {}, /^rerank: expected a whole number/],
  ])("refuses %s with %j", async (rerank, more, message) => {
    await expect(unclip.generate(captions, { ...settings, ...more, rerank })).rejects.toThrow(refusal(message));
  });
});

it("a model that sees no pictures, or reads no captions, reranks nothing", () => {
  for (const tower of ["textEncoder", "imageEncoder"] as const) {
    const model = fakeModel({ lacks: { [tower]: `has no ${tower}` } });
    expect(() => fillRerank({ rerank: 2 }, model, 1)).toThrow(refusal(`rerank: has no ${tower}`));
    expect(fillRerank({}, model, 1)).toEqual({});
  }
  expect(fillRerank({ rerank: 2, n: 2 }, fakeModel(), 1)).toEqual({ rerank: 2 });
});
