import { checkAborted, quote, UnclipError } from "@unclip/tensor";
import type { HubModel } from "../model-id.js";
import type { HubOptions } from "../options.js";
import type { SelectFiles } from "../repository.js";
import { createHubCache } from "./cache.js";
import { checkCached } from "./check-cached.js";
import { fetchModel } from "./fetch-model.js";
import { readSettings } from "./settings.js";

/** A model of the hub whose selected files are all in the cache. */
export interface HubSnapshot extends HubModel {
  /** Absolute path of the snapshot: the repository's tree, whose files may be links into the cache. */
  readonly directory: string;
}

/** Options of {@link fetchSnapshot}. */
export interface SnapshotOptions extends HubOptions {
  /** Chooses the files to fetch. */
  readonly files: SelectFiles;
}

/** Fetches the files of a model that are not in the cache yet, and checks them.
 *
 * The cache is the one of Python's huggingface_hub. With a commit as revision, a model that is in the cache is found without any
 * request; with a branch or a tag, the hub is asked what it stands for now.
 * @param source "owner/name" or "owner/name@revision", where the revision is a branch, a tag or a commit; default "main"
 * @throws UnclipError "input" if the id or an option is not one, "download" if a file cannot be had, "aborted" if the signal fires */
export async function fetchSnapshot(source: string, options: SnapshotOptions): Promise<HubSnapshot> {
  const { files: select, onProgress } = options;
  if (typeof select !== "function")
    throw new UnclipError("input", `files: expected a function that chooses files, got "${quote(select)}"`);
  const settings = readSettings(source, options);
  checkAborted(settings.signal, settings.name);
  const cache = createHubCache(settings);
  const obtain = settings.offline ? checkCached : fetchModel;
  const commit = await obtain(settings, cache, { select, onProgress });
  return { id: settings.id, revision: settings.revision, commit, directory: cache.snapshot(commit) };
}
