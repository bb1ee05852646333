import { open } from "node:fs/promises";

const CHUNK_BYTES = 4 * 2 ** 20;

/** Reads a file from its beginning to its end, into the system's file cache and nowhere else: whoever maps a file and touches it here
 * and there waits for the disk at every place. What cannot be read is left to be reported by the one who needs it. */
export async function readAhead(path: string): Promise<void> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return;
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const readOn = async () => (await file.read(chunk, 0, CHUNK_BYTES, null).catch(() => ({ bytesRead: 0 }))).bytesRead;
  try {
    while ((await readOn()) > 0);
  } finally {
    await file.close();
  }
}
