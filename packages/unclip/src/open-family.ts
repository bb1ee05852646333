import { selectModelFiles, type FolderSource, type ModelFolder, type Runtime } from "@unclip/runtime";
import { familyOf } from "./families/index.js";
import type { Family, FamilyModel } from "./families/family.js";
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
}

/** Opens a model folder, and finds out what kind of model it is.
 * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give the model, "config" if it is of no known kind */
export async function openFamily(source: FolderSource, options: SourceOptions): Promise<OpenFamily> {
  const { folder, name: model } = await openModel(source, options);
  const index = await readModelIndex(folder);
  const family = familyOf(index.className, `${folder.name}/model_index.json`);
  const { priorModel } = options;
  return {
    model,
    folder,
    index,
    family,
    load: (runtime) =>
      family.load({
        folder,
        index,
        runtime,
        ...(priorModel !== undefined && { priorModel }),
        async openOther(other, parts) {
          const opened = await openModel(other, options, async (repository) =>
            selectModelFiles({ components: parts(await readModelIndex(repository)) })(repository),
          );
          return { ...opened, index: await readModelIndex(opened.folder) };
        },
      }),
  };
}
