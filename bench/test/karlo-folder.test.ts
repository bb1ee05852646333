import { loadTextEncoder } from "@unclip/clip";
import { createRuntime, openModelFolder, openSession, readCheckpoint } from "@unclip/runtime/node";
import { readJson, valuesOf } from "@unclip/tensor";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planKarlo, writeKarloFolder } from "../src/karlo-folder.js";
import { NETWORKS } from "../src/networks.js";
import { countParameters } from "../src/plan.js";
import { STAGES } from "../src/stages.js";

/* Parameters and tensors of Karlo's components, from diffusers' and transformers' own classes built from the same configs. */
const KARLO = {
  text_encoder: [123_650_304, 197],
  image_encoder: [303_966_208, 392],
  prior: [1_022_030_080, 338],
  text_proj: [7_878_400, 11],
  decoder: [885_439_686, 716],
  super_res_first: [691_579_523, 408],
  super_res_last: [691_579_523, 408],
};

describe("planKarlo", () => {
  it("has the parameters and tensors of Karlo's components", () => {
    const counts = planKarlo(1).map(({ name, weights }) => [name, [countParameters(weights), weights.length]]);
    expect(Object.fromEntries(counts)).toEqual(KARLO);
  });
});

describe.each(["F32", "F16"] as const)("a small folder of Karlo's shape in %s", (type) => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "karlo-"));
    await writeKarloFolder(directory, { scale: 16, type });
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("has a tokenizer of the text encoder's vocabulary", async () => {
    const { tokenizer, config } = await loadTextEncoder(await openModelFolder(directory), await createRuntime());
    const { ids } = tokenizer.encode("a red cube");
    expect(ids[0]).toBe(config.vocabularySize - 2);
    expect(Math.max(...ids)).toBe(config.vocabularySize - 1);
  });

  it.each(STAGES)("runs the step $name, with values of order 1", async ({ component, inputs, feeds, output }) => {
    const folder = await openModelFolder(directory);
    const config = await readJson(folder, `${component}/config.json`);
    const graph = NETWORKS[component]!(config, await readCheckpoint(folder, component));
    const session = await openSession({ graph, folder }, { threads: 1 });
    const values = valuesOf((await session.run(feeds(inputs(config), config)))[output]!);
    await session.release();
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    expect(deviation).toBeGreaterThan(0.05);
    expect(deviation).toBeLessThan(20);
  });
});
