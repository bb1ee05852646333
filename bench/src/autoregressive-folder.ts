import { autoregressivePrefixNetwork, autoregressivePriorNetwork, readAutoregressivePriorConfig } from "@unclip/prior";
import { sizeOf } from "@unclip/tensor";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { planWeights } from "./plan.js";
import { createRandomWeights } from "./random-block.js";
import { createSafetensorsFile } from "./safetensors-file.js";

/** Sizes of an autoregressive prior. */
export interface AutoregressiveSizes {
  readonly layers: number;
  /** Of the transformer; a multiple of 64, the width of a head. */
  readonly width: number;
  /** Principal components; the paper has 319. */
  readonly components: number;
  /** Of each component; the paper has 1024. */
  readonly buckets: number;
}

/** Width of one head. */
const HEAD = 64;

/** Writes a model folder that holds an autoregressive prior of some sizes with random weights, and nothing else: CLIP's embeddings and states are 768
 * wide, captions have 77 tokens.
 * @param folder created if it is missing */
export async function writeAutoregressiveFolder(folder: string, sizes: AutoregressiveSizes): Promise<void> {
  const directory = join(folder, "prior_autoregressive");
  await mkdir(directory, { recursive: true });
  const config = {
    _class_name: "AutoregressivePrior",
    num_attention_heads: sizes.width / HEAD,
    attention_head_dim: HEAD,
    num_layers: sizes.layers,
    embedding_dim: 768,
    text_width: 768,
    text_length: 77,
    num_components: sizes.components,
    num_buckets: sizes.buckets,
    dot_product_bounds: [0.2],
  };
  const weights = planWeights((json, checkpoint) => {
    const read = readAutoregressivePriorConfig(json, "config.json");
    autoregressivePrefixNetwork(read, checkpoint);
    return autoregressivePriorNetwork(read, checkpoint);
  }, config);
  const file = await createSafetensorsFile(join(directory, "model.safetensors"), weights, "F32");
  const random = createRandomWeights("F32");
  for (const [index, { dims }] of weights.entries()) {
    const isMatrix = dims.length > 1;
    const statistics = { mean: isMatrix ? 0 : 1, std: isMatrix ? 0.3 / Math.sqrt(dims.at(-1)!) : 0.02 };
    await random.fill(index, sizeOf(dims), statistics, (bytes) => file.write(bytes));
  }
  await file.close();
  await writeFile(join(directory, "config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
}
