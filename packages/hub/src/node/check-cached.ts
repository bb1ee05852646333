import { quote, UnclipError } from "@unclip/tensor";
import { isCommit } from "../model-id.js";
import type { HubFile, SelectFiles } from "../repository.js";
import type { HubCache } from "./cache.js";
import type { ListedFile } from "./listed-file.js";
import { pathInMessage } from "./on-disk.js";
import { selectFiles } from "./select-files.js";
import type { HubSettings } from "./settings.js";

/** Checks that a model's selected files are in the cache, without any request.
 * @returns the commit of the snapshot
 * @throws UnclipError "download" if something is missing */
export async function checkCached(
  settings: HubSettings,
  cache: HubCache,
  { select }: { readonly select: SelectFiles },
): Promise<string> {
  const { revision } = settings;
  const commit = isCommit(revision) ? revision : await cache.readRef(revision);
  if (commit === undefined) throw missing(settings, "the model");
  const files: (HubFile & Partial<ListedFile>)[] =
    (await cache.readListing(commit)) ?? (await cache.listSnapshot(commit));
  if (files.length === 0) throw missing(settings, "the model");
  const locate = async (file: HubFile & Partial<ListedFile>) => {
    const place = await cache.find(commit, file);
    if (place === undefined) throw missing(settings, quote(file.path));
    return place;
  };
  const selected = await selectFiles(settings, { commit, files, locate }, select);
  const places = await Promise.all(selected.map((file) => cache.find(commit, file)));
  const absent = selected.filter((_, i) => places[i] === undefined).map(({ path }) => path);
  if (absent.length > 0)
    throw missing(settings, quote(absent[0]) + (absent.length > 1 ? ` and ${absent.length - 1} more` : ""));
  for (const file of selected) if (file.etag !== undefined) await cache.link(commit, file as ListedFile);
  return commit;
}

function missing({ name, cacheDir }: HubSettings, what: string): UnclipError {
  return new UnclipError(
    "download",
    `${name}: ${what} is not in the cache (${pathInMessage(cacheDir)}); open the model once without offline (HF_HUB_OFFLINE)`,
  );
}
