import { quote, readJson, UnclipError } from "@unclip/tensor";
import { pathIn, type ModelFolder } from "./model-folder.js";

/** The files that hold the weights of one component. */
export interface WeightFiles {
  /** One file, or the shards that the index lists. */
  readonly files: readonly string[];
  /** The index of the shards, if there are shards. */
  readonly index?: string;
}

/** The names that diffusers and transformers give to weight files, and their endings, in the order in which they count. */
const NAMES = [
  ["diffusion_pytorch_model", "safetensors"],
  ["model", "safetensors"],
  ["diffusion_pytorch_model", "bin"],
  ["pytorch_model", "bin"],
] as const;

/** Endings of weight files, by whatever name: those above, and others that torch.save is given. */
const WEIGHT_FILE = /\.(safetensors|bin|pt|pth|ckpt)$/;

/** Whether a file holds weights, by its name. */
function isWeightFile(path: string): boolean {
  return WEIGHT_FILE.test(path);
}

/** What messages call a component. */
export function componentName(folder: ModelFolder, component: string): string {
  return component === "" ? folder.name : `${folder.name}/${component}`;
}

/** What a component without weights lacks, for messages. */
export const EXPECTED_WEIGHTS = NAMES.map((name) => name.join(".")).join(" or ");

/** Finds the weights of a component by the names that diffusers and transformers give to them.
 * Files of the folder's variant go before plain ones, and of either safetensors before those of torch.save.
 * @param component sub-folder, for example "decoder"; "" if the model lies in the folder itself
 * @returns undefined if the component has no weights
 * @throws UnclipError "weights" if a shard is missing */
export async function findWeightFiles(folder: ModelFolder, component: string): Promise<WeightFiles | undefined> {
  const at = (file: string) => pathIn(component, file);
  const insertions = folder.variant === undefined ? [""] : [`.${folder.variant}`, ""];
  for (const insertion of insertions) {
    for (const [stem, ending] of NAMES) {
      const single = at(`${stem}${insertion}.${ending}`);
      if (await folder.has(single)) return { files: [single] };
      const index = at(`${stem}.${ending}.index${insertion}.json`);
      if (await folder.has(index)) return { files: await readShards(folder, at, index), index };
    }
  }
  return undefined;
}

/** A repository of one model has hundreds of shards at most. */
const MAX_SHARDS = 10_000;

async function readShards(folder: ModelFolder, at: (file: string) => string, index: string): Promise<string[]> {
  const { weight_map: map } = await readJson(folder, index);
  const where = `${folder.name}/${index}`;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new UnclipError("weights", `${where}: expected a weight_map; download the file again`);
  }
  const shards = [...new Set(Object.values(map) as unknown[])];
  if (shards.length > MAX_SHARDS) {
    throw new UnclipError("weights", `${where}: expected ${MAX_SHARDS} files at most, got ${shards.length}`);
  }
  const checked: string[] = [];
  for (const shard of shards) {
    // A name that leads out of the folder would let a downloaded index read other files of the machine.
    if (typeof shard !== "string" || /[/\\\0]/.test(shard) || !isWeightFile(shard)) {
      const got = quote(JSON.stringify(shard));
      throw new UnclipError("weights", `${where}: ${got} is not the name of a weight file beside it`);
    }
    if (!(await folder.has(at(shard)))) {
      throw new UnclipError(
        "weights",
        `${folder.name}: ${at(quote(shard))} is missing, which ${index} lists; download it`,
      );
    }
    checked.push(at(shard));
  }
  return checked;
}
