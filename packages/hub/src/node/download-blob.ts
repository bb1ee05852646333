import { checkAborted, quote, UnclipError } from "@unclip/tensor";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { HubCache } from "./cache.js";
import { checkDiskSpace } from "./check-disk-space.js";
import { hashBlob } from "./hash-blob.js";
import type { ListedFile } from "./listed-file.js";
import { onDisk, pathInMessage } from "./on-disk.js";
import type { ReportProgress } from "./progress.js";
import type { HubSettings } from "./settings.js";
import { transferFile, type Transfer } from "./transfer.js";
import { withLock } from "./with-lock.js";

const MOST_ATTEMPTS = 5;

/** Where a blob comes from, where it goes, and who watches. */
export interface BlobDownload {
  readonly settings: HubSettings;
  readonly cache: HubCache;
  readonly commit: string;
  readonly report: ReportProgress;
}

/** Fetches a file into the cache. Its blob gets its name only when all of it has arrived and its hash is right.
 * @throws UnclipError "download" if it cannot be had, "aborted" if the signal fires; what has arrived is kept */
export async function downloadBlob(file: ListedFile, download: BlobDownload): Promise<void> {
  const { settings, cache, commit, report } = download;
  const partial = cache.partial(file.etag);
  await onDisk(partial, () => mkdir(dirname(partial), { recursive: true }));
  const onWait = async () => report(file, await sizeOf(partial), "wait");
  await withLock(cache.lock(file.etag), { ...settings, onWait }, async () => {
    const transfer: Transfer = { settings, commit, file, partial, report: (...args) => report(file, ...args) };
    for (let attempt = 1; (await cache.find(commit, file)) === undefined; attempt++)
      await fetchBlob(transfer, cache, attempt).catch((error: unknown) => {
        if (!isGone(error) || attempt === MOST_ATTEMPTS) throw error;
      });
  });
  report(file, file.sizeBytes, "done");
}

/** Damaged content is thrown away, and fetched once more: what an earlier download left may have been the damage. */
async function fetchBlob(transfer: Transfer, cache: HubCache, attempt: number): Promise<void> {
  const { settings, file, partial, report } = transfer;
  await checkDiskSpace(settings, cache, [file]); // others may have filled the disk since we began
  await transferFile(transfer);
  report(file.sizeBytes, "verify");
  const hash = await hashOf(transfer);
  if (hash === file.etag) {
    await onDisk(partial, async () => {
      await flush(partial);
      await rename(partial, cache.blob(file.etag));
    });
    return;
  }
  await onDisk(partial, () => rm(partial, { force: true }));
  if (attempt === 1) return;
  throw new UnclipError(
    "download",
    `${settings.name}: ${quote(file.path)} arrived damaged twice (hash ${hash}, expected ${file.etag}) and was thrown away; ` +
      `try again later, and check whether a proxy changes files`,
  );
}

/** Whether something failed because the partial file is no longer there: another process, which had lost its lock, was faster and has
 * given it the blob's name. */
function isGone(error: unknown): boolean {
  return error instanceof UnclipError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}

async function hashOf({ settings: { name, signal }, file, partial }: Transfer): Promise<string> {
  try {
    return await hashBlob(partial, file, signal);
  } catch (cause) {
    checkAborted(signal, name);
    const reason = quote((cause as Error).message);
    throw new UnclipError("download", `${pathInMessage(partial)}: cannot be read back (${reason})`, { cause });
  }
}

/** Waits until the disk has a file: a power failure must not leave a blob without its content. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.datasync().finally(() => file.close());
}

/** The size of a file, 0 if there is none. */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => ({ size: 0 }))).size;
}
