import { checkAborted } from "@unclip/tensor";
import { randomUUID } from "node:crypto";
import { lstat, mkdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { onDisk } from "./on-disk.js";
import type { HubSettings } from "./settings.js";
import { pause } from "./with-retries.js";

const HEARTBEAT_MS = 5_000;
/** A lock without a heartbeat for so long has lost its owner. */
const LOST_AFTER_MS = 60_000;
const LOOK_AGAIN_MS = 200;

/** Runs `work` while no other process does so under the same lock.
 *
 * Node has no file locks, so a lock is a file that its owner keeps touching. Only bandwidth depends on it: two who write the same
 * blob write the same bytes to the same places, and a blob counts only after its hash was found right.
 * @param onWait called again and again while another process has the lock
 * @throws UnclipError "aborted" if the signal fires while waiting, "download" if a lock without owner cannot be removed */
export async function withLock<T>(
  path: string,
  { name, signal, onWait }: Pick<HubSettings, "name" | "signal"> & { readonly onWait: () => Promise<void> },
  work: () => Promise<T>,
): Promise<T> {
  const owner = JSON.stringify({ host: hostname(), pid: process.pid, lock: randomUUID() });
  const isLost = watchLock(path);
  await onDisk(path, () => mkdir(dirname(path), { recursive: true }));
  while (!(await acquire(path, owner))) {
    checkAborted(signal, name);
    if (await isLost()) {
      await discard(path);
    } else {
      await onWait();
      await pause(LOOK_AGAIN_MS, signal);
    }
  }
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await readOwner(path)) === owner) await rm(path, { force: true });
  }
}

async function acquire(path: string, owner: string): Promise<boolean> {
  return onDisk(path, () =>
    writeFile(path, owner, { flag: "wx" }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return false;
        throw error;
      },
    ),
  );
}

/** Tells, each time it is asked, whether the owner of a lock is gone: its process on this machine, or else its heartbeat.
 *
 * The heartbeat is missing if the lock is old by this machine's clock, or did not change while we watched. The second holds where the
 * clock of another machine, or of a file server, is ahead of ours. */
function watchLock(path: string): () => Promise<boolean> {
  let lastBeat: number | undefined;
  let seenAt = 0;
  return async () => {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) return false; // it was given back meanwhile
    if (found.mtimeMs !== lastBeat) {
      lastBeat = found.mtimeMs;
      seenAt = performance.now();
    }
    if (Date.now() - lastBeat > LOST_AFTER_MS || performance.now() - seenAt > LOST_AFTER_MS) return true;
    const { host, pid } = parseOwner(await readOwner(path));
    return host === hostname() && pid !== undefined && !isRunning(pid);
  };
}

/** Removes a lock. Renaming first lets one of several waiting processes win. */
async function discard(path: string): Promise<void> {
  const lost = `${path}.${randomUUID().slice(0, 8)}`;
  await onDisk(path, async () => {
    await rename(path, lost).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error; // else another process was faster
    });
    await rm(lost, { force: true, recursive: true });
  });
}

async function readOwner(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** What a lock says of its owner. Nothing if it is just being written, or not ours. */
function parseOwner(text: string): { readonly host?: unknown; readonly pid?: number } {
  try {
    const { host, pid } = JSON.parse(text) as { host?: unknown; pid?: unknown };
    return Number.isSafeInteger(pid) && (pid as number) > 0 ? { host, pid: pid as number } : {};
  } catch {
    return {};
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's process
  }
}
