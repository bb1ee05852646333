import { fetchSnapshot, type HubModel, type HubOptions, type SelectFiles } from "@unclip/hub/node";
import type { Directory } from "../model-folder.js";
import { selectModelFiles } from "../select-files.js";
import { openDirectory } from "./directory.js";

/** Options of {@link openHubModel}. */
export interface OpenHubModelOptions extends HubOptions {
  /** Files to fetch; default `selectModelFiles()`: the configs and the weights of the model's components. */
  readonly files?: SelectFiles;
}

/** Opens a model of the hub as a model folder, after fetching the files that are not in the cache yet.
 * @param id "owner/name" or "owner/name@revision", where the revision is a branch, a tag or a commit; default "main"
 * @throws UnclipError "input" if the id is not one, "download" if a file cannot be had, "aborted" if the signal fires */
export async function openHubModel(id: string, options: OpenHubModelOptions = {}): Promise<Directory & HubModel> {
  const { files = selectModelFiles(), variant } = options;
  const { directory, ...model } = await fetchSnapshot(id, { ...options, files });
  return { ...(await openDirectory(directory, { name: id, variant })), ...model };
}
