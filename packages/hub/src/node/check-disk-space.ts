import { UnclipError } from "@unclip/tensor";
import { mkdir, stat, statfs } from "node:fs/promises";
import type { HubCache } from "./cache.js";
import type { ListedFile } from "./listed-file.js";
import { onDisk, pathInMessage } from "./on-disk.js";
import type { HubSettings } from "./settings.js";

/** Checks that what is missing of `files` fits on the disk: better now than hours later.
 * @throws UnclipError "download" if it does not */
export async function checkDiskSpace(
  { name, cacheDir }: HubSettings,
  cache: HubCache,
  files: readonly ListedFile[],
): Promise<void> {
  await onDisk(cacheDir, () => mkdir(cacheDir, { recursive: true }));
  const disk = await statfs(cacheDir).catch(() => undefined);
  if (disk === undefined) return; // a file system that does not tell
  let needed = 0;
  for (const { etag, sizeBytes } of new Map(files.map((file) => [file.etag, file])).values()) {
    const { size } = await stat(cache.partial(etag)).catch(() => ({ size: 0 }));
    needed += Math.max(sizeBytes - size, 0);
  }
  const free = disk.bavail * disk.bsize;
  if (needed <= free) return;
  throw new UnclipError(
    "download",
    `${name}: ${gigabytes(needed)} are to be fetched, but the disk of ${pathInMessage(cacheDir)} has ${gigabytes(free)} free; ` +
      `free some space, or set HF_HUB_CACHE to a folder on a larger disk`,
  );
}

function gigabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e9).toFixed(2)} GB`;
}
