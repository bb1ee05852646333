import { checkAborted } from "@unclip/tensor";
import { isCommit, type HubOptions, type SelectFiles } from "../hub.js";
import { workAtOnce } from "./at-once.js";
import { unlessReadOnly, type HubCache } from "./cache.js";
import { checkDiskSpace } from "./disk-space.js";
import { downloadBlob } from "./download.js";
import { listFiles, resolveCommit, type ListedFile } from "./listing.js";
import { createProgress } from "./progress.js";
import { selectFrom } from "./repository.js";
import type { HubSettings } from "./settings.js";

/** Files that are fetched at the same time: enough to hide the wait for each answer behind the others. */
const AT_ONCE = 4;

/** Brings a model's selected files into the cache. The snapshot and the ref change last: until all files are here, an earlier
 * download stays what it was.
 * @returns the commit of the snapshot */
export async function fetchModel(
  settings: HubSettings,
  cache: HubCache,
  { select, onProgress }: { readonly select: SelectFiles; readonly onProgress: HubOptions["onProgress"] },
): Promise<string> {
  const { name, revision, signal } = settings;
  const commit = isCommit(revision) ? revision : await resolveCommit(settings);
  const listing = await cache.readListing(commit);
  const files = listing ?? (await listFiles(settings, commit));
  const locate = async (file: ListedFile) => {
    const found = await cache.find(commit, file);
    if (found !== undefined) return found;
    await downloadBlob(file, { settings, cache, commit, report: () => undefined });
    return cache.blob(file.etag);
  };
  const selected = await selectFrom(settings, { commit, files, locate }, select);
  checkAborted(signal, name);

  const found = await Promise.all(selected.map((file) => cache.find(commit, file)));
  const missing = selected.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) await checkDiskSpace(settings, cache, missing);
  const report = createProgress(selected, new Set(selected.filter((file) => !missing.includes(file))), onProgress);
  await workAtOnce(missing, { limit: AT_ONCE, signal }, (file, either) =>
    downloadBlob(file, { settings: { ...settings, signal: either }, cache, commit, report }),
  );
  checkAborted(signal, name);
  for (const file of selected) await cache.link(commit, file);
  if (listing === undefined) await unlessReadOnly(() => cache.writeListing(commit, files));
  await unlessReadOnly(() => cache.writeRef(revision, commit));
  return commit;
}
