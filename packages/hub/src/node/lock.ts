import { checkAborted } from "@unclip/tensor";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { pause } from "./retry.js";
import type { HubSettings } from "./settings.js";
import { onDisk } from "./storage-error.js";

const HEARTBEAT_MS = 5_000;
/** A lock without a heartbeat for so long has lost its owner. */
const LOST_AFTER_MS = 60_000;
const LOOK_AGAIN_MS = 200;

/** Runs `work` while no other process does so under the same lock.
 *
 * Node has no file locks, so a lock is a file that its owner keeps touching. Nothing depends on it but bandwidth: two who
 * write the same blob write the same bytes to the same places, and a blob counts only after its hash was found right.
 * @param onWait called again and again while another process has the lock
 * @throws UnclipError "aborted" if the signal fires while waiting */
export async function withLock<T>(
  path: string,
  { name, signal, onWait }: Pick<HubSettings, "name" | "signal"> & { readonly onWait: () => Promise<void> },
  work: () => Promise<T>,
): Promise<T> {
  const owner = JSON.stringify({ host: hostname(), pid: process.pid, lock: randomUUID() });
  await onDisk(path, () => mkdir(dirname(path), { recursive: true }));
  while (!(await acquire(path, owner))) {
    checkAborted(signal, name);
    await onWait();
    await pause(LOOK_AGAIN_MS, signal);
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
  const taken = await onDisk(path, () =>
    writeFile(path, owner, { flag: "wx" }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return false;
        throw error;
      },
    ),
  );
  if (!taken && (await isLost(path))) await discard(path);
  return taken;
}

/** Whether the owner of a lock is gone: its process on this machine, or else its heartbeat. */
async function isLost(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false; // it was given back meanwhile
  if (Date.now() - found.mtimeMs > LOST_AFTER_MS) return true;
  const { host, pid } = parseOwner(await readOwner(path));
  return host === hostname() && pid !== undefined && !isRunning(pid);
}

/** Renaming first lets one of several waiting processes win. */
async function discard(path: string): Promise<void> {
  const lost = `${path}.${randomUUID().slice(0, 8)}`;
  await rename(path, lost).catch(() => undefined);
  await rm(lost, { force: true });
}

async function readOwner(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

function parseOwner(text: string): { host?: string; pid?: number } {
  try {
    return JSON.parse(text) as { host?: string; pid?: number };
  } catch {
    return {}; // just being written
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
