import { describe, expect, it } from "vitest";
import { loadUnclip, type PriorExample } from "unclip";
import { fixturePath } from "../../../test-support/index.js";

const gray = { width: 8, height: 8, data: new Uint8Array(192).fill(128) };
const captions: PriorExample[] = [{ caption: "a cube" }, { caption: "a ring" }];
const small = { decoderSteps: 2, upsamplers: 0 };
const open = () => loadUnclip(fixturePath("karlo-tiny"));

describe("estimatePriorTable", () => {
  it("makes the sampler analytic-dpm possible, and the recipe keeps it", async () => {
    const unclip = await open();
    const priorTable = await unclip.estimatePriorTable(captions, { steps: 3 });
    expect(priorTable.gamma.every((gamma) => gamma > 0)).toBe(true);
    const options = { ...small, priorSampler: "analytic-dpm", priorTable } as const;
    const { recipe, images } = await unclip.generate("a cube", options);
    expect(recipe).toMatchObject({ priorSampler: "analytic-dpm", priorTable, priorSteps: 3 });
    const again = await unclip.generate("a cube", { ...small, ...JSON.parse(JSON.stringify(recipe)) });
    expect(again.images).toEqual(images);
    await unclip.dispose();
  });

  it("takes pictures, which give another table than the prior's own samples", async () => {
    const unclip = await open();
    const pictures = captions.map((example) => ({ ...example, picture: async () => gray }));
    const stages = new Set<string>();
    const stream = unclip.streamPriorTable(pictures, { steps: 3 });
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) stages.add(next.value.stage);
    expect([...stages]).toEqual(["clip-text", "clip-image", "table"]);
    expect(next.value).not.toEqual(await unclip.estimatePriorTable(captions, { steps: 3 }));
    await unclip.dispose();
  });

  it("refuses examples that cannot be, before work begins, and stops on request", async () => {
    const unclip = await open();
    await expect(unclip.estimatePriorTable([])).rejects.toThrow(/^examples: expected one or more, got none/);
    const mixed = [...captions, { caption: "a cone", picture: async () => gray }];
    await expect(unclip.estimatePriorTable(mixed)).rejects.toThrow(
      /^examples: 1 of 3 have a picture; give all or none/,
    );
    await expect(unclip.estimatePriorTable(captions, { steps: 1 })).rejects.toMatchObject({ code: "input" });
    const signal = AbortSignal.abort();
    await expect(unclip.estimatePriorTable(captions, { signal })).rejects.toMatchObject({ code: "aborted" });
    await unclip.dispose();
  });
});

describe("generate with analytic-dpm", () => {
  it("says what is missing", async () => {
    const unclip = await open();
    const generate = (options: object) => unclip.generate("a cube", { ...small, ...options });
    await expect(generate({ priorSampler: "analytic-dpm" })).rejects.toThrow(
      /^prior.sampler analytic-dpm: needs table: .* `unclip analytic` estimates/,
    );
    const priorTable = { timesteps: [999, 500, 0], gamma: [1, 1, 1] };
    await expect(generate({ priorTable })).rejects.toThrow(/^prior.table: only the sampler analytic-dpm takes one/);
    await expect(generate({ priorTable, priorSampler: "analytic-dpm", priorSteps: 5 })).rejects.toThrow(
      /^prior.sampler analytic-dpm: its table of 3 steps lacks timestep 749/,
    );
    await unclip.dispose();
  });
});
