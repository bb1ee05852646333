import { checkAborted } from "@unclip/tensor";
import { isCommit } from "../model-id.js";
import type { HubOptions } from "../options.js";
import type { SelectFiles } from "../repository.js";
import { withDeadline } from "../with-deadline.js";
import { unlessReadOnly, type HubCache } from "./cache.js";
import { checkDiskSpace } from "./check-disk-space.js";
import { downloadBlob } from "./download-blob.js";
import { forEachConcurrently } from "./for-each-concurrently.js";
import { listFiles } from "./list-files.js";
import type { ListedFile } from "./listed-file.js";
import { createProgress } from "./progress.js";
import { resolveCommit } from "./resolve-commit.js";
import { selectFiles } from "./select-files.js";
import type { HubSettings } from "./settings.js";

/** Files that are fetched at the same time: enough to hide the wait for each answer behind the others. */
const MOST_AT_ONCE = 4;

/** Fetches a model's selected files into the cache. The snapshot and the ref change last: until all files have arrived, an earlier
 * download stays what it was.
 * @returns the commit of the snapshot */
export async function fetchModel(
  settings: HubSettings,
  cache: HubCache,
  { select, onProgress }: { readonly select: SelectFiles; readonly onProgress: HubOptions["onProgress"] },
): Promise<string> {
  const { name, revision, signal } = settings;
  const { commit, files, isNew } = await findListing(settings, cache);
  const locate = async (file: ListedFile) => {
    const found = await cache.find(commit, file);
    if (found !== undefined) return found;
    await downloadBlob(file, { settings, cache, commit, report: () => undefined });
    return cache.blob(file.etag);
  };
  const selected = await selectFiles(settings, { commit, files, locate }, select);
  checkAborted(signal, name);

  const places = await Promise.all(selected.map((file) => cache.find(commit, file)));
  const missing = selected.filter((_, i) => places[i] === undefined);
  if (missing.length > 0) await checkDiskSpace(settings, cache, missing);
  const report = createProgress(selected, new Set(selected.filter((file) => !missing.includes(file))), onProgress);
  await forEachConcurrently(missing, { limit: MOST_AT_ONCE, signal }, (file, either) =>
    downloadBlob(file, { settings: { ...settings, signal: either }, cache, commit, report }),
  );
  checkAborted(signal, name);
  for (const file of selected) await cache.link(commit, file);
  if (isNew) await unlessReadOnly(() => cache.writeListing(commit, files));
  await unlessReadOnly(() => cache.writeRef(revision, commit));
  return commit;
}

/** What a model consists of. */
interface Listing {
  readonly commit: string;
  readonly files: ListedFile[];
  /** Whether the list is not in the cache yet. */
  readonly isNew: boolean;
}

/** The commit that the revision stands for now, and its files. A commit never changes, so its list is asked for once. */
async function findListing(settings: HubSettings, cache: HubCache): Promise<Listing> {
  const { revision } = settings;
  return withDeadline(settings, async (signal) => {
    const asking = { ...settings, signal };
    const commit = isCommit(revision) ? revision : await resolveCommit(asking);
    const cached = await cache.readListing(commit);
    return { commit, files: cached ?? (await listFiles(asking, commit)), isNew: cached === undefined };
  });
}
