import { createCheckpoint, readSafetensors, readTorchFile, type Checkpoint, type WeightEntry } from "@unclip/graph";
import { UnclipError } from "@unclip/tensor";
import { floatsOf, isFloat } from "./floats.js";
import { checkScales } from "./int8-scales.js";
import type { ModelFolder } from "./model-folder.js";
import { componentName, EXPECTED_WEIGHTS, findWeightFiles } from "./weight-files.js";

/** The weights of one component by name: of its files, safetensors or those of torch.save, only the headers are read.
 * @param component sub-folder, for example "decoder"; "" if the model lies in the folder itself
 * @throws UnclipError "weights" if there are no such files, or one of them is damaged */
export async function readCheckpoint(folder: ModelFolder, component: string): Promise<Checkpoint> {
  const found = await findWeightFiles(folder, component);
  if (found === undefined)
    throw new UnclipError("weights", `${componentName(folder, component)}: no weights; expected ${EXPECTED_WEIGHTS}`);
  const files = new Map<string, Map<string, WeightEntry>>();
  for (const path of found.files) {
    const entries = await readWeightEntries(folder, path);
    await checkScales(folder, path, entries);
    files.set(folder.weightLocation?.(path) ?? path, entries);
  }
  return createCheckpoint(component === "" ? folder.name : component, files);
}

/** One number of a component's weights, for example CLIP's temperature.
 * @param component sub-folder; "" if the model lies in the folder itself
 * @returns undefined if its files hold nothing of that name
 * @throws UnclipError "weights" if what they hold is not one floating-point number, or a file is damaged */
export async function readScalar(folder: ModelFolder, component: string, key: string): Promise<number | undefined> {
  const { files } = (await findWeightFiles(folder, component)) ?? { files: [] };
  for (const path of files) {
    const entry = (await readWeightEntries(folder, path)).get(key);
    if (entry === undefined) continue;
    const { type, dims, offset, sizeBytes } = entry;
    if (!isFloat(type) || dims.some((dim) => dim !== 1)) {
      const got = `${type} [${dims.join(", ")}]`;
      throw new UnclipError(
        "weights",
        `${folder.name}/${path}: ${key}: expected one float, got ${got}; another model?`,
      );
    }
    return floatsOf(type, await folder.bytes(path, offset, offset + sizeBytes))[0];
  }
  return undefined;
}

/** Where the tensors of one weight file lie, by name: of safetensors if its name says so, otherwise of torch.save.
 * @param path relative to the folder
 * @throws UnclipError "weights" if the file is damaged, or cannot be mapped */
export async function readWeightEntries(folder: ModelFolder, path: string): Promise<Map<string, WeightEntry>> {
  const read = path.endsWith(".safetensors") ? readSafetensors : readTorchFile;
  return read({
    where: `${folder.name}/${path}`,
    sizeBytes: await folder.sizeBytes(path),
    bytes: (start, end) => folder.bytes(path, start, end),
  });
}
