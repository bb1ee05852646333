import type { RemoteFileOptions } from "./remote-file.js";

/** Name of the browser's cache for files of models. */
const CACHE = "unclip-models";

/** The address under which a file is kept: with its hash, if there is one. Undefined for a file that may change, or is part of its address. */
function keyOf({ url, listed, isFinal }: RemoteFileOptions): string | undefined {
  if (!/^https?:$/.test(url.protocol) || globalThis.caches === undefined) return undefined;
  if (listed?.sha256 === undefined) return isFinal ? url.href : undefined;
  const key = new URL(url);
  key.searchParams.set("sha256", listed.sha256);
  return key.href;
}

/** A file that was kept of an earlier visit.
 * @returns undefined if there is none; also where the browser lets no page keep anything */
export async function keptBlob(options: RemoteFileOptions): Promise<Blob | undefined> {
  const key = keyOf(options);
  if (key === undefined) return undefined;
  try {
    const response = await (await caches.open(CACHE)).match(key);
    const blob = await response?.blob();
    return blob?.size === (options.listed?.sizeBytes ?? blob?.size) ? blob : undefined;
  } catch {
    return undefined; // private windows of some browsers
  }
}

/** Keeps a file for the next visit. Where the browser refuses, the visit goes on without, and progress says so. */
export async function keepBlob(blob: Blob, options: RemoteFileOptions): Promise<void> {
  const key = keyOf(options);
  if (key === undefined) return;
  try {
    await (await caches.open(CACHE)).put(key, new Response(blob));
  } catch (cause) {
    const reason = cause instanceof Error && cause.name === "QuotaExceededError" ? "there is no room" : String(cause);
    options.progress.note(
      options.name,
      `${options.name}: the browser does not keep this file (${reason}); it stays in memory and is fetched again on the next visit`,
    );
  }
}
