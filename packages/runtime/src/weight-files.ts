import { UnclipError, readJson } from "@unclip/tensor";
import { pathIn, type ModelFolder } from "./model-folder.js";

/** The files that hold the weights of one component. */
export interface WeightFiles {
  /** One safetensors file, or the shards that the index lists. */
  readonly files: readonly string[];
  /** The index of the shards, if there are shards. */
  readonly index?: string;
}

/** The names that diffusers and transformers give to weight files, without their endings. */
const STEMS = ["diffusion_pytorch_model", "model"];
const PICKLE_STEMS = ["diffusion_pytorch_model", "pytorch_model"];

/** What messages call a component. */
export function componentName(folder: ModelFolder, component: string): string {
  return component === "" ? folder.name : `${folder.name}/${component}`;
}

/** What a component without weights lacks, for messages. */
export const EXPECTED_WEIGHTS = STEMS.map((stem) => `${stem}.safetensors`).join(" or ");

/** Finds the weights of a component by the names that diffusers and transformers give to them.
 * Files of the folder's variant go before plain ones.
 * @param component sub-folder, for example "decoder"; "" if the model lies in the folder itself
 * @returns undefined if the component has no weights
 * @throws UnclipError "weights" if its weights are Python pickles, or a shard is missing */
export async function findWeightFiles(folder: ModelFolder, component: string): Promise<WeightFiles | undefined> {
  const at = (file: string) => pathIn(component, file);
  const insertions = folder.variant === undefined ? [""] : [`.${folder.variant}`, ""];
  for (const insertion of insertions) {
    for (const stem of STEMS) {
      const single = at(`${stem}${insertion}.safetensors`);
      if (await folder.has(single)) return { files: [single] };
      const index = at(`${stem}.safetensors.index${insertion}.json`);
      if (await folder.has(index)) return { files: await readShards(folder, at, index), index };
    }
  }
  const pickle = await findPickle(folder, at, insertions);
  if (pickle === undefined) return undefined;
  throw new UnclipError(
    "weights",
    `${componentName(folder, component)}: only ${pickle} is there, which is a Python pickle; get the model's safetensors files, ` +
      `or write them in Python with save_pretrained(folder, safe_serialization=True)`,
  );
}

async function readShards(folder: ModelFolder, at: (file: string) => string, index: string): Promise<string[]> {
  const { weight_map: map } = await readJson(folder, index);
  if (typeof map !== "object" || map === null) {
    throw new UnclipError("weights", `${folder.name}/${index}: expected a weight_map; download the file again`);
  }
  const shards = [...new Set(Object.values(map).map(String))];
  for (const shard of shards) {
    // A name that leads out of the folder would let a downloaded index read other files of the machine.
    if (/[/\\]/.test(shard) || shard === "..")
      throw new UnclipError("weights", `${folder.name}/${index}: "${shard}" is not the name of a file beside it`);
    if (!(await folder.has(at(shard))))
      throw new UnclipError("weights", `${folder.name}: ${at(shard)} is missing, which ${index} lists; download it`);
  }
  return shards.map(at);
}

async function findPickle(
  folder: ModelFolder,
  at: (file: string) => string,
  insertions: readonly string[],
): Promise<string | undefined> {
  const endings = insertions.flatMap((insertion) => [`${insertion}.bin`, `.bin.index${insertion}.json`]);
  for (const pickle of PICKLE_STEMS.flatMap((stem) => endings.map((ending) => `${stem}${ending}`))) {
    if (await folder.has(at(pickle))) return pickle;
  }
  return undefined;
}
