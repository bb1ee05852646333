import { type ModelFolder } from "@unclip/runtime";
import { readJson, createConfigReader, UnclipError } from "@unclip/tensor";

/** What model_index.json says a folder holds. */
export interface ModelIndex {
  readonly className: string;
  /** Class of each component that is not null, by the name of its folder. */
  readonly components: ReadonlyMap<string, string>;
  /** The upsamplers in the order in which they run. */
  readonly upsamplers: readonly UpsamplerFolders[];
}

/** The folders of one upsampler. */
export interface UpsamplerFolders {
  readonly first: string;
  /** Network of the last step, or null where the first does all steps. */
  readonly last: string | null;
  readonly scheduler: string;
}

const PIPELINES = ["UnCLIPPipeline", "UnCLIPImageVariationPipeline"];

/** Reads model_index.json.
 *
 * diffusers knows one upsampler: super_res_first, super_res_last, super_res_scheduler. Further ones, which enlarge its result,
 * are super_res_2_first, super_res_2_last (may be left out), super_res_2_scheduler, and so on.
 * @throws UnclipError "config" if the folder is not an unCLIP model in the diffusers layout */
export async function readModelIndex(folder: ModelFolder): Promise<ModelIndex> {
  const where = `${folder.name}/model_index.json`;
  if (!(await folder.has("model_index.json"))) {
    throw new UnclipError(
      "config",
      `${folder.name}: model_index.json is missing; expected a folder as diffusers' UnCLIPPipeline saves it`,
    );
  }
  const json = await readJson(folder, "model_index.json");
  createConfigReader(json, where).only("_class_name", ...PIPELINES);
  const components = new Map<string, string>();
  for (const [name, entry] of Object.entries(json)) {
    if (Array.isArray(entry) && typeof entry[1] === "string") components.set(name, entry[1]);
  }
  return { className: String(json["_class_name"]), components, upsamplers: upsamplersOf(components) };
}

function upsamplersOf(components: ReadonlyMap<string, string>): UpsamplerFolders[] {
  const found: UpsamplerFolders[] = [];
  for (;;) {
    const prefix = found.length === 0 ? "super_res" : `super_res_${found.length + 1}`;
    if (!components.has(`${prefix}_first`)) return found;
    const last = components.has(`${prefix}_last`) ? `${prefix}_last` : null;
    found.push({ first: `${prefix}_first`, last, scheduler: `${prefix}_scheduler` });
  }
}
