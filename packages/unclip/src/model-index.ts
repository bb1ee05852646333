import { createConfigReader, readJson, UnclipError, type TextFolder } from "@unclip/tensor";

/** What model_index.json says a folder holds. */
export interface ModelIndex {
  /** The pipeline of diffusers that it was saved from. */
  readonly className: string;
  /** Class of each component that is not null, by the name of its folder. */
  readonly components: ReadonlyMap<string, string>;
}

/** Reads model_index.json.
 * @throws UnclipError "config" if the folder has none, or it names no pipeline */
export async function readModelIndex(folder: TextFolder): Promise<ModelIndex> {
  if (!(await folder.has("model_index.json"))) {
    throw new UnclipError(
      "config",
      `${folder.name}: model_index.json is missing; expected a folder as diffusers' pipelines save it, UnCLIPPipeline for one`,
    );
  }
  const json = await readJson(folder, "model_index.json");
  const className = createConfigReader(json, `${folder.name}/model_index.json`).string("_class_name");
  const components = new Map<string, string>();
  for (const [name, entry] of Object.entries(json)) {
    if (Array.isArray(entry) && typeof entry[1] === "string") components.set(name, entry[1]);
  }
  return { className, components };
}
