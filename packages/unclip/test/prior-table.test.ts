import { describe, expect, it } from "vitest";
import type { PriorExample } from "unclip";
import { estimatePriorTable } from "../src/prior-table.js";
import { fixturePath } from "../../../test-support/index.js";
import { sharedModels } from "./shared-models.js";

const gray = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
const captions: PriorExample[] = [{ caption: "a cube" }, { caption: "a ring" }];
const small = { decoder: { steps: 2 }, upsamplers: 0 };
const models = sharedModels();
const open = () => models(fixturePath("karlo-tiny"));

describe("estimatePriorTable", () => {
  it("makes the sampler analytic-dpm possible, and the recipe keeps it", async () => {
    const unclip = await open();
    const table = await unclip.estimatePriorTable(captions, { steps: 3 });
    expect(table.gamma.every((gamma) => gamma > 0)).toBe(true);
    const prior = { steps: 3, sampler: { name: "analytic-dpm" as const, table } };
    const { recipe, images } = await unclip.generate("a cube", { ...small, prior });
    expect(recipe).toMatchObject({ prior });
    const again = await unclip.again(JSON.parse(JSON.stringify(recipe)));
    expect(again.images).toEqual(images);
  });

  it("takes pictures, which give another table than the prior's own samples", async () => {
    const unclip = await open();
    const pictures = captions.map((example) => ({ ...example, picture: async () => gray }));
    const stages = new Set<string>();
    const run = unclip.estimatePriorTable(pictures, { steps: 3 });
    for await (const { stage } of run) stages.add(stage);
    expect([...stages]).toEqual(["clip-text", "clip-image", "table"]);
    expect(await run).not.toEqual(await unclip.estimatePriorTable(captions, { steps: 3 }));
  });

  it("encodes eight examples at a time, and counts the steps of every stage to its end", async () => {
    const unclip = await open();
    const many = Array.from({ length: 9 }, (_, i) => ({ caption: `cube ${i}`, picture: async () => gray }));
    const steps: string[] = [];
    const table = unclip.estimatePriorTable(many, { steps: 2 });
    for await (const { stage, step, steps: of } of table) steps.push(`${stage} ${step}/${of}`);
    expect(steps.filter((step) => step.startsWith("clip"))).toEqual(
      ["clip-text", "clip-image"].flatMap((stage) => [0, 1, 2].map((step) => `${stage} ${step}/2`)),
    );
    const own: string[] = [];
    const captionsAlone = many.map(({ caption }) => ({ caption }));
    for await (const { stage, step, steps: of } of unclip.estimatePriorTable(captionsAlone, { steps: 2 })) {
      if (stage === "prior") own.push(`${step}/${of}`);
    }
    expect(own.slice(-1)).toEqual(["4/4"]);
    expect(own).toContain("1/4");
  });

  it.each<[object, RegExp]>([
    [{ prior: undefined }, /^tiny: has no diffusion prior to estimate a table of$/],
    [{ textEncoder: undefined }, /^tiny: has no diffusion prior to estimate a table of$/],
    [{ imageEncoder: undefined }, /^tiny: has no image_encoder for the pictures; give captions alone/],
  ])("refuses a model with %j", async (lacking, message) => {
    const stages = { prior: {}, textEncoder: {}, imageEncoder: {}, ...lacking };
    const model = { model: "tiny", stages } as unknown as Parameters<typeof estimatePriorTable>[0];
    const pictures = captions.map((example) => ({ ...example, picture: async () => gray }));
    await expect(estimatePriorTable(model, pictures)).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(message),
    });
  });

  it("refuses examples that cannot be, before work begins, and stops on request", async () => {
    const unclip = await open();
    const refused = (message: RegExp) => ({ code: "input", message: expect.stringMatching(message) });
    await expect(unclip.estimatePriorTable([])).rejects.toMatchObject(
      refused(/^examples: expected one or more, got none/),
    );
    const mixed = [...captions, { caption: "a cone", picture: async () => gray }];
    await expect(unclip.estimatePriorTable(mixed)).rejects.toMatchObject(
      refused(/^examples: 1 of 3 have a picture; give all or none/),
    );
    const unknown = unclip.estimatePriorTable(captions, { step: 3 } as object);
    await expect(unknown).rejects.toMatchObject(refused(/^estimatePriorTable: there is no setting "step"/));
    await expect(unclip.estimatePriorTable(captions, { steps: 1 })).rejects.toMatchObject({ code: "input" });
    const signal = AbortSignal.abort();
    await expect(unclip.estimatePriorTable(captions, { signal })).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("generate with analytic-dpm", () => {
  it("says what is missing", async () => {
    const unclip = await open();
    const generate = (prior: object) => unclip.generate("a cube", { ...small, prior });
    await expect(generate({ sampler: "analytic-dpm" })).rejects.toThrow(/^prior.sampler analytic-dpm: needs table/);
    const table = { timesteps: [999, 500, 0], gamma: [1, 1, 1] };
    await expect(generate({ steps: 5, sampler: { name: "analytic-dpm", table } })).rejects.toThrow(/table/);
  });
});
