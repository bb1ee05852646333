import { loadTextEncoder } from "@unclip/clip";
import { createRuntime, openModelFolder, openSession, readCheckpoint } from "@unclip/runtime/node";
import { readJson, valuesOf } from "@unclip/tensor";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectModel } from "unclip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FAMILIES, familyNamed } from "../src/families/index.js";
import { planModel, writeModelFolder } from "../src/model-folder.js";
import { NETWORKS } from "../src/networks.js";
import { countParameters } from "../src/plan.js";
import { stagesOf } from "../src/stages.js";

/* Parameters and tensors of the components, from diffusers' and transformers' own classes built from the same configs. */
const PUBLISHED = {
  karlo: {
    text_encoder: [123_650_304, 197],
    image_encoder: [303_966_208, 392],
    prior: [1_022_030_080, 338],
    text_proj: [7_878_400, 11],
    decoder: [885_439_686, 716],
    super_res_first: [691_579_523, 408],
    super_res_last: [691_579_523, 408],
  },
  "stable-unclip": {
    text_encoder: [340_387_840, 372],
    image_encoder: [632_076_800, 520],
    image_normalizer: [2048, 2],
    unet: [870_173_124, 690],
    vae: [83_653_863, 248],
  },
  "kandinsky-2-2": {
    prior_prior: [1_026_225_920, 338],
    prior_text_encoder: [694_659_840, 517],
    prior_image_encoder: [1_844_907_264, 776],
    unet: [1_253_057_288, 724],
    movq: [67_832_495, 431],
  },
  "kandinsky-2-1": {
    prior_prior: [1_022_030_080, 338],
    prior_text_encoder: [123_650_304, 197],
    prior_image_encoder: [303_966_208, 392],
    unet: [1_228_661_768, 726],
    movq: [67_832_495, 431],
    text_encoder: [560_677_632, 393],
  },
};

it.each(Object.entries(PUBLISHED))(
  "%s has the parameters and tensors of the published components",
  (name, expected) => {
    const counts = planModel(familyNamed(name), 1).map((planned) => [
      planned.name,
      [countParameters(planned.weights), planned.weights.length],
    ]);
    expect(Object.fromEntries(counts)).toEqual(expected);
  },
);

const folders = FAMILIES.flatMap((family) => (["F32", "F16"] as const).map((type) => [family, type] as const));

describe.each(folders)("a small folder of $name's shape in %s", (family, type) => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "unclip-bench-"));
    await writeModelFolder(directory, { family: family.name, scale: 16, type });
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("has a tokenizer of the text encoder's vocabulary", async () => {
    const { tokenizer: folder } = family.clip ?? { tokenizer: "tokenizer" };
    const { tokenizer, config } = await loadTextEncoder(await openModelFolder(directory), await createRuntime(), {
      component: folder.replace("tokenizer", "text_encoder"),
      tokenizer: folder,
    });
    const { ids } = tokenizer.encode("a red cube");
    expect(ids[0]).toBe(config.vocabularySize - 2);
    expect(Math.max(...ids)).toBe(config.vocabularySize - 1);
  });

  it("opens as a whole model", async () => {
    expect((await inspectModel(directory)).problems).toEqual([]);
  });

  it.each(stagesOf(family.index["_class_name"]))(
    "runs the step $name, with values of order 1",
    async ({ component, inputs, feeds, output }) => {
      const folder = await openModelFolder(directory);
      const config = await readJson(folder, `${component}/config.json`);
      const graph = NETWORKS[component]!(config, await readCheckpoint(folder, component));
      const session = await openSession({ graph, folder }, { threads: 1 });
      const values = valuesOf((await session.run(feeds(inputs(config), config)))[output]!);
      await session.release();
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
      expect(deviation).toBeGreaterThan(0.05);
      expect(deviation).toBeLessThan(20);
    },
  );
});
