import {
  selectModelFiles,
  type Directory,
  type FolderSource,
  type ModelFolder,
  type Runtime,
  type SelectFiles,
} from "@unclip/runtime";
import { familyOf } from "./families/index.js";
import type { Family, FamilyFolder, FamilyModel } from "./families/family.js";
import { readModelIndex, type ModelIndex } from "./model-index.js";
import { openModel, type SourceOptions } from "./open-model.js";

/** A model folder whose family is known; nothing of its components is read yet. */
export interface OpenFamily {
  /** The name under which recipes know it. */
  readonly model: string;
  readonly folder: ModelFolder;
  readonly index: ModelIndex;
  readonly family: Family;
  /** What the folder holds, with networks of `runtime`.
   * @throws UnclipError "config" or "weights" if a part is missing, damaged, or does not fit the others */
  load(runtime: Runtime): Promise<FamilyModel>;
  /** The same with the files of another folder, a copy; what lies beside this folder is still looked for beside this one. */
  at(copy: ModelFolder): OpenFamily;
}

/** Opens a model folder, and finds out what kind of model it is.
 * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give the model, "config" if it is of no known kind */
export async function openFamily(source: FolderSource, options: SourceOptions): Promise<OpenFamily> {
  const { folder, name: model } = await openModel(source, options, selectNeeded);
  const index = await readModelIndex(folder);
  const family = familyOf(index.className, `${folder.name}/model_index.json`);
  const around = surroundings(folder, source, options);
  const at = (where: ModelFolder): OpenFamily => ({
    model,
    folder: where,
    index,
    family,
    load: (runtime) => family.load({ folder: where, index, ...around, runtime }),
    at,
  });
  return at(folder);
}

/** How other folders are found from one. */
export function surroundings(
  folder: ModelFolder,
  source: FolderSource,
  options: SourceOptions,
): Pick<FamilyFolder, "priorModel" | "openOther" | "beside"> {
  const { priorModel } = options;
  const place = placeOf(folder, source);
  return {
    ...(priorModel !== undefined && { priorModel }),
    ...(place !== undefined && { beside: (name: string) => place.replace(/[^/\\]*[/\\]*$/, name) }),
    async openOther(other, parts) {
      const opened = await openModel(other, options, async (repository) =>
        selectModelFiles({ components: parts(await readModelIndex(repository)) })(repository),
      );
      return { ...opened, index: await readModelIndex(opened.folder) };
    },
  };
}

/** Where a folder lies; undefined for models of the hub and for files that were picked, which have none beside them. */
function placeOf(folder: ModelFolder, source: FolderSource): string | undefined {
  if ("commit" in folder) return undefined;
  if ("directory" in folder) return (folder as Directory).directory;
  return typeof source === "string" || source instanceof URL ? String(source) : undefined;
}

/** The files of the components that model_index.json lists, and the model card where it may name a prior; a model of another kind is refused
 * before its weights are fetched. */
const selectNeeded: SelectFiles = async (repository) => {
  const { className, components } = await readModelIndex(repository);
  const { priors } = familyOf(className, `${repository.name}/model_index.json`);
  const selected = await selectModelFiles({ components: [...components.keys()] })(repository);
  return priors && (await repository.has("README.md")) ? [...selected, "README.md"] : selected;
};
