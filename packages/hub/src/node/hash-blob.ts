import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** The hash that names a blob: SHA-256 of its bytes if the name is one, else git's SHA-1 of a file.
 * @param etag the name that is expected, 64 or 40 hexadecimal digits */
export async function hashBlob(
  path: string,
  { etag, sizeBytes }: { readonly etag: string; readonly sizeBytes: number },
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash(etag.length === 64 ? "sha256" : "sha1");
  if (etag.length === 40) hash.update(`blob ${sizeBytes}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
