import {
  evaluateToybox,
  loadToyboxBenchmark,
  type EvaluateToyboxOptions,
  type EvaluationStep,
} from "@unclip/evaluation";
import type { Picture } from "@unclip/tensor";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";

async function decodePng(bytes: Uint8Array): Promise<Picture> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

const benchmark = await loadToyboxBenchmark(decodePng);
const { cases, oracle, statistics } = benchmark;
afterAll(() => benchmark.dispose());

async function evaluate(options: Partial<EvaluateToyboxOptions>) {
  const steps: EvaluationStep[] = [];
  const running = evaluateToybox({ cases, oracle, statistics, generate: real, ...options });
  for await (const step of running) steps.push(step);
  return { ...(await running), steps };
}

/** A model that paints as the world itself does: without another seed, the i-th caption has seed i. */
const real: EvaluateToyboxOptions["generate"] = async (_, seeds) => seeds.map((seed) => cases[Number(seed)]!.picture);

describe("benchmark", () => {
  it("has 600 captions, every sixth of a held-out combination, the combinations in turn", () => {
    expect(cases).toHaveLength(600);
    expect(cases.every(({ heldOut }, i) => (heldOut !== undefined) === (i % 6 === 5))).toBe(true);
    const kinds = cases.flatMap(({ heldOut }) => heldOut ?? []);
    expect(new Set(kinds.slice(0, 9)).size).toBe(9);
    expect(new Set(kinds).size).toBe(9);
  });
});

describe("places", () => {
  it("show each thing of a caption, and no other", () => {
    for (const { claim, places } of cases.slice(0, 60)) {
      const seen = [0, 1, 2].map(
        (channel) => places.data.filter((value, i) => i % 3 === channel && value === 255).length,
      );
      expect(seen[0]).toBeGreaterThan(20);
      if (claim.things.length === 2) expect(seen[1]).toBeGreaterThan(20);
      else expect(seen[1]).toBe(0);
      expect(seen[2]).toBe(0);
    }
  });
});

describe("evaluateToybox", () => {
  it("finds real renders right in all that can be seen, and near the statistics", async () => {
    const { evaluation, pictures, steps } = await evaluate({});
    const { generated, real, heldOut, frechetDistance } = evaluation;
    for (const measure of ["style", "ground", "count"] as const) expect(real[measure].share).toBeGreaterThan(0.99);
    for (const measure of ["shape", "colour", "size", "binding", "relation"] as const)
      expect(real[measure].share).toBeGreaterThan(0.97);
    expect(real.material.share).toBeGreaterThan(0.95); // a small thing under a large one may hide it
    expect(generated.shape.total + heldOut.shape.total).toBe(real.shape.total);
    expect(heldOut.style.total).toBe(100);
    expect(frechetDistance!.generated).toBe(frechetDistance!.real);
    expect(pictures).toEqual(cases.map(({ picture }) => picture));
    expect(evaluation.zeroShot).toBeNull();
    expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
    expect(steps[0]).toEqual({ stage: "captions", step: 0, steps: 600 });
    expect(steps.at(-1)).toEqual({ stage: "real renders", step: 600, steps: 600 });
  });

  it("finds pictures of other captions wrong, and far from the statistics", async () => {
    const grey: Picture = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
    const { evaluation } = await evaluate({
      cases: cases.slice(0, 40),
      generate: async (captions) => captions.map(() => grey),
    });
    const { generated, frechetDistance } = evaluation;
    expect(generated.binding.right).toBe(0);
    expect(generated.colour.share).toBeLessThan(0.5);
    expect(frechetDistance!.generated).toBeGreaterThan(2 * frechetDistance!.real);
  });

  it("gives each caption a seed of its own, whatever the batch", async () => {
    const seedsOf = async (batchSize: number) => {
      const given: bigint[] = [];
      const generate: EvaluateToyboxOptions["generate"] = (captions, seeds) => {
        given.push(...seeds);
        return real(captions, seeds);
      };
      await evaluate({ cases: cases.slice(0, 5), generate, batchSize, seed: 7 });
      return given;
    };
    expect(await seedsOf(2)).toEqual([7n, 8n, 9n, 10n, 11n]);
    expect(await seedsOf(5)).toEqual(await seedsOf(2));
  });

  it("stops between two batches", async () => {
    const controller = new AbortController();
    let batches = 0;
    const generate: EvaluateToyboxOptions["generate"] = (captions, seeds) => {
      if (++batches === 2) controller.abort();
      return real(captions, seeds);
    };
    const { signal } = controller;
    await expect(evaluate({ generate, signal })).rejects.toMatchObject({ code: "aborted" });
    expect(batches).toBe(2);
  });

  it("has no distance for a single picture, and nothing to do without captions", async () => {
    expect((await evaluate({ cases: cases.slice(0, 1) })).evaluation.frechetDistance).toBeNull();
    await expect(evaluate({ cases: [] })).rejects.toThrow("cases: expected one or more");
  });
});
