import { alphaBar } from "@unclip/sampler";
import { cosineSimilarity, picturesFromPixels, valuesOf } from "@unclip/tensor";
import { loadUnclip, type Generation, type StageStep, type StepInside } from "unclip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectClose, fixturePath } from "../../../test-support/index.js";

const small = { seed: 7, prior: { steps: 3 }, decoder: { steps: 3 }, upsamplers: [{ steps: 2 }] };

describe("the inside of a step", () => {
  let unclip: Awaited<ReturnType<typeof loadUnclip>>;
  let generation: Generation;
  const insides: Record<string, StepInside[]> = {};
  const previews: Record<string, unknown[]> = {};
  const without: StageStep[] = [];

  beforeAll(async () => {
    unclip = await loadUnclip(fixturePath("karlo-tiny"));
    const run = unclip.generate("a red cube", small);
    for await (const step of run) {
      if (step.inside === undefined) without.push(step);
      else (insides[step.stage] ??= []).push(await step.inside());
      if (step.preview) (previews[step.stage] ??= []).push((await step.preview())[0]);
    }
    generation = await run;
  });
  afterAll(() => unclip.dispose());

  it("is told of every step of the stages that sample in time, and of no other", () => {
    const counts = Object.fromEntries(Object.entries(insides).map(([stage, all]) => [stage, all.length]));
    expect(counts).toEqual({ prior: 3, decoder: 3, "upsampler-1": 2 });
    expect(without.every(({ stage, step }) => stage === "clip" || step === 0)).toBe(true);
  });

  it("of the prior is in image embeddings, and ends at the one that the decoder is given", () => {
    const { imageEmbedding } = generation;
    const last = insides["prior"]!.at(-1)!;
    expect(last.x0.dims).toEqual(imageEmbedding!.dims);
    expectClose(valuesOf(last.x0), valuesOf(imageEmbedding!), { maxAbs: 5e-3 }); // the last step goes to x_0, but for a trace of x_t
    expect(valuesOf(cosineSimilarity(last.x0, imageEmbedding!))[0]).toBeCloseTo(1, 4);
  });

  it("of the decoder shows what its preview shows, and goes down the noise schedule", () => {
    const all = insides["decoder"]!;
    expect(all.map(({ x0 }) => picturesFromPixels(x0)[0])).toEqual(previews["decoder"]);
    const { schedule } = unclip.stages.decoder.scheduler;
    expect(all.map(({ alphaCumprod }) => alphaCumprod)).toEqual(all.map(({ t }) => alphaBar(schedule, t)));
    for (const [i, { t, xt }] of all.entries()) {
      expect(t).toBeLessThan(all[i - 1]?.t ?? Infinity);
      expect(xt.dims).toEqual([1, 3, ...unclip.stages.decoder.space.shape(1).slice(2)]);
    }
  });

  it("tells what guidance made of the two predictions", () => {
    const { x0, unguided } = insides["decoder"]![0]!;
    const { cond, uncond } = unguided!;
    const { guidanceScale } = generation.recipe.decoder;
    // x_0 is linear in what the network says, so that guidance may be applied to either; the sampler clips to [-1, 1]
    const guided = valuesOf(cond).map((c, i) => {
      const u = valuesOf(uncond)[i]!;
      return Math.min(Math.max(u + guidanceScale * (c - u), -1), 1);
    });
    expectClose(valuesOf(x0), guided, { maxAbs: 1e-4 }); // x_0 of eps divides by the root of a small alpha
    expect(valuesOf(cond)).not.toEqual(valuesOf(uncond));
    expect(insides["upsampler-1"]![0]!.unguided).toBeUndefined();
  });
});
