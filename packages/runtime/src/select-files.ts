import type { HubRepository, SelectFiles } from "@unclip/hub";
import { type ModelFolder } from "./model-folder.js";
import { readJson } from "@unclip/tensor";
import { findWeightFiles } from "./weight-files.js";

/** Options of `selectModelFiles`. */
export interface SelectModelFilesOptions {
  /** Folders to fetch, for example ["prior", "tokenizer"]; default every component that model_index.json names,
   * or the repository itself where there is no such file. */
  readonly components?: readonly string[];
}

/** Selects what opening a model needs: the JSON files of the folder itself and, of each component, its configs, its vocabulary
 * and its weights, of the variant asked for or else the plain ones. Never a second copy of the weights in another format: files of
 * torch.save only where there are no safetensors. */
export function selectModelFiles(options: SelectModelFilesOptions = {}): SelectFiles {
  return async (repository) => {
    const components = options.components ?? (await listComponents(repository));
    const selected = new Set(filesIn(repository, "").filter((path) => path.endsWith(".json")));
    for (const component of components) {
      const weights = await findWeightFiles(repository, component);
      const index = weights?.index === undefined ? [] : [weights.index];
      for (const path of [...filesIn(repository, component), ...index, ...(weights?.files ?? [])]) selected.add(path);
    }
    return [...selected];
  };
}

/** The components that model_index.json names; one may be [null, null]. "" stands for the repository itself. */
async function listComponents(repository: ModelFolder): Promise<string[]> {
  const index = "model_index.json";
  if (!(await repository.has(index))) return [""];
  const entries = Object.entries(await readJson(repository, index));
  return entries.filter(([, entry]) => Array.isArray(entry) && typeof entry[1] === "string").map(([name]) => name);
}

const CONFIG_OR_VOCABULARY = /^[^/]+\.(json|txt|model)$/;
const INDEX_OF_WEIGHTS = /\.index(\.\w+)?\.json$/;

/** The configs and vocabularies directly in a folder. */
function filesIn({ files }: HubRepository, folder: string): string[] {
  const start = folder === "" ? 0 : folder.length + 1;
  return files
    .map(({ path }) => path)
    .filter((path) => start === 0 || path.startsWith(`${folder}/`))
    .filter((path) => CONFIG_OR_VOCABULARY.test(path.slice(start)) && !INDEX_OF_WEIGHTS.test(path));
}
