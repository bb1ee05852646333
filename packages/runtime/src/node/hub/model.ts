import { checkAborted } from "@unclip/sampler";
import type { HubModel, HubOptions } from "../../hub.js";
import type { Directory } from "../../model-folder.js";
import { selectModelFiles } from "../../select-files.js";
import { openDirectory } from "../directory.js";
import { createHubCache } from "./cache.js";
import { checkCached } from "./offline.js";
import { fetchModel } from "./online.js";
import { readSettings } from "./settings.js";

/** Opens a model of the hub: fetches the files that are not in the cache yet, checks them, and opens the snapshot as a model folder.
 *
 * The cache is the one of Python's huggingface_hub. With a commit as revision, a model that is in the cache opens without any
 * request; with a branch or a tag, the hub is asked what it stands for now.
 * @param id "owner/name" or "owner/name@revision", where the revision is a branch, a tag or a commit; default "main"
 * @throws UnclipError "input" if the id is not one, "download" if a file cannot be had, "aborted" if the signal fires */
export async function openHubModel(id: string, options: HubOptions = {}): Promise<Directory & HubModel> {
  const { files: select = selectModelFiles(), onProgress } = options;
  const settings = readSettings(id, options);
  checkAborted(settings.signal, settings.name);
  const cache = createHubCache(settings);
  const bring = settings.offline ? checkCached : fetchModel;
  const commit = await bring(settings, cache, { select, onProgress });
  const directory = await openDirectory(cache.snapshot(commit), settings);
  return { ...directory, id: settings.id, revision: settings.revision, commit };
}
