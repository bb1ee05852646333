import { sizeOf } from "@unclip/tensor";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mergeCount, preprocessor } from "./families/clip.js";
import { familyNamed, type BenchFamily } from "./families/index.js";
import { NETWORKS } from "./networks.js";
import { planWeights, type PlannedWeight } from "./plan.js";
import { BYTES_OF, createRandomWeights, type StorageType } from "./random-block.js";
import { createSafetensorsFile } from "./safetensors-file.js";
import { statisticsOf } from "./statistics.js";
import { tokenizerFiles } from "./vocabulary.js";

/** A component with weights. */
export interface PlannedComponent {
  /** Its folder. */
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly PlannedWeight[];
}

/** The components of a family's model that have weights.
 * @param scale one of SCALES */
export function planModel({ configs }: BenchFamily, scale: number): PlannedComponent[] {
  return Object.entries(configs(scale)).map(([name, config]) => ({
    name,
    config,
    weights: planWeights(NETWORKS[name]!, config),
  }));
}

/** Options of {@link writeModelFolder}. */
export interface ModelFolderOptions {
  /** Default "karlo". */
  readonly family?: string;
  /** One of SCALES; default 1, the published size. */
  readonly scale?: number;
  /** Default "F32". */
  readonly type?: StorageType;
  /** Told after every part how many bytes of weights are written, and of how many. */
  readonly onProgress?: (written: number, total: number) => void;
}

/** Writes a model folder of a family's shape with random weights: same files, names, shapes and sizes. Needs little memory.
 * @param directory created if it is missing; files of the same name are replaced */
export async function writeModelFolder(directory: string, options: ModelFolderOptions = {}): Promise<void> {
  const { family: name = "karlo", scale = 1, type = "F32", onProgress = () => {} } = options;
  const family = familyNamed(name);
  const components = planModel(family, scale);
  const total = components.flatMap(({ weights }) => weights).reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  const random = createRandomWeights(type);
  let [index, written] = [0, 0];
  for (const { name, config, weights } of components) {
    await writeJson(join(directory, name, "config.json"), config);
    const stem = "_class_name" in config ? "diffusion_pytorch_model" : "model";
    const file = await createSafetensorsFile(join(directory, name, `${stem}.safetensors`), weights, type);
    for (const weight of weights) {
      await random.fill(index++, sizeOf(weight.dims), statisticsOf(weight), async (bytes) => {
        await file.write(bytes);
        written += bytes.length;
        onProgress(written, total * BYTES_OF[type]);
      });
    }
    await file.close();
  }
  await writeSmallFiles(directory, family, scale);
}

async function writeSmallFiles(directory: string, family: BenchFamily, scale: number): Promise<void> {
  const { schedulers, index, clip = { tokenizer: "tokenizer", preprocessor: "feature_extractor" } } = family;
  for (const [name, config] of Object.entries(schedulers))
    await writeJson(join(directory, name, "scheduler_config.json"), config);
  await writeJson(join(directory, clip.preprocessor, "preprocessor_config.json"), preprocessor(224 / scale));
  await writeTexts(join(directory, clip.tokenizer), tokenizerFiles(mergeCount(scale)));
  await writeTexts(join(directory, "tokenizer"), family.files?.(scale) ?? {});
  await writeJson(join(directory, "model_index.json"), index); // last: without it the folder is not a model yet
}

async function writeTexts(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

async function writeJson(path: string, content: unknown): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`);
}
