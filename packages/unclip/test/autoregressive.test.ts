import { describe, expect, it } from "vitest";
import type { PriorSettings } from "unclip";
import { fixturePath } from "../../../test-support/index.js";
import { sharedModels } from "./shared-models.js";

const models = sharedModels();
const small = { decoder: { steps: 3 }, upsamplers: 0 };

describe("the autoregressive prior", () => {
  it("gives a seeded embedding, one step for each component, and can be painted again", async () => {
    const unclip = await models("toybox");
    const prior: PriorSettings = { kind: "autoregressive" };
    const steps: string[] = [];
    const run = unclip.generate("a red cube", { ...small, seed: 3, prior });
    for await (const { stage, step, steps: all } of run)
      if (stage === "prior" && step > 0) steps.push(`${step}/${all}`);
    const { components } = unclip.stages.autoregressivePrior!.config;
    expect(steps).toEqual(Array.from({ length: components }, (_, i) => `${i + 1}/${components}`));
    const { images, recipe } = await run;
    expect(recipe).toMatchObject({ prior: { kind: "autoregressive", guidanceScale: 1 } });
    expect((await unclip.again(recipe)).images).toEqual(images);
    const other = await unclip.generate("a red cube", { ...small, seed: 4, prior });
    expect(other.imageEmbedding!.data).not.toEqual((await run).imageEmbedding!.data);
  });

  it("keeps the nearest of several candidates", async () => {
    const unclip = await models("toybox");
    const { textEmbedding } = await unclip.stages.textEncoder!.embed(["a red cube"]);
    const nearness = async (candidates: number) => {
      const prior: PriorSettings = { kind: "autoregressive", temperature: 1, candidates };
      const { imageEmbedding } = await unclip.generate("a red cube", { ...small, prior });
      const z = imageEmbedding!.data as Float32Array;
      const t = textEmbedding.data as Float32Array;
      const length = (x: Float32Array) => Math.hypot(...x);
      return z.reduce((sum, value, i) => sum + value * t[i]!, 0) / length(z) / length(t);
    };
    expect(await nearness(16)).toBeGreaterThan(await nearness(1));
  });

  it.each<[PriorSettings, RegExp]>([
    [{ candidates: 0 }, /^prior.candidates: expected a whole number from 1 to 16, got 0/],
    [{ temperature: -1 }, /^prior.temperature: expected a number from 0 to 10/],
    [{ topP: 0 }, /^prior.topP: expected a number/],
    [{ kind: "autoregressive" }, /^prior.kind: this model has no autoregressive prior/],
  ])("refuses %j where it cannot be", async (prior, message) => {
    const unclip = await models(fixturePath("karlo-tiny"));
    await expect(unclip.generate("a cube", { ...small, prior })).rejects.toThrow(message);
  });
});
