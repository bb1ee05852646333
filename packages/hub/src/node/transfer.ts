import { quote, UnclipError } from "@unclip/tensor";
import { open, rm, stat, type FileHandle } from "node:fs/promises";
import type { HubProgress } from "../options.js";
import { fileUrl, type ListedFile } from "./listed-file.js";
import { onDisk } from "./on-disk.js";
import { request, type HubAnswer } from "./request.js";
import { isEndpoint, type HubSettings } from "./settings.js";
import { Interruption, withRetries } from "./with-retries.js";

/** One file on its way. */
export interface Transfer {
  readonly settings: HubSettings;
  readonly commit: string;
  readonly file: ListedFile;
  /** Where what arrives is written: always the beginning of the file, without holes. */
  readonly partial: string;
  readonly report: (fileLoaded: number, status: HubProgress["status"]) => void;
}

/** Fetches what is missing of a file, until all of it has arrived.
 *
 * A transfer that broke goes on where it stopped, by Range. The name of the partial file says which file it is the beginning of: it
 * is the file's hash and, in quotation marks, the file's ETag on the hub. A storage server that the hub redirects to has ETags of its
 * own. If-Range is sent to it once an answer has told the ETag.
 * @throws UnclipError "download" if it cannot be had */
export async function transferFile(transfer: Transfer): Promise<void> {
  const { settings, commit, file, partial, report } = transfer;
  const etags = new Map<string, string>(); // of the file, by host
  let received = await preparePartial(transfer);
  const status = received === 0 ? "download" : "resume";
  report(received, status);

  const headers = (url: URL): Record<string, string> => {
    if (received === 0) return {};
    const etag = etags.get(url.host) ?? (isEndpoint(settings, url) ? `"${file.etag}"` : undefined);
    return { range: `bytes=${received}-`, ...(etag !== undefined && { "if-range": etag }) };
  };
  const receive = async ({ response, url, linkedEtag, chunks }: HubAnswer): Promise<void> => {
    checkHash(transfer, linkedEtag);
    if (received > 0 && !isContinuation(response, received, { file, etag: etags.get(url.host) })) {
      await onDisk(partial, () => rm(partial, { force: true })); // a new file: another process may still write to the old one
      received = 0;
      if (response.status !== 200) throw interrupted(transfer, `the server answered ${response.status} to a range`);
    }
    const etag = response.headers.get("etag");
    if (etag?.startsWith('"')) etags.set(url.host, etag);
    const target = await onDisk(partial, () => open(partial, received === 0 ? "w" : "r+"));
    try {
      for await (const chunk of chunks) {
        await writeAt(transfer, target, { chunk, position: received });
        received += chunk.length;
        report(received, status);
      }
    } finally {
      await target.close();
    }
  };

  const what = { url: fileUrl(settings, commit, file.path), file: file.path, headers, pass: [416] };
  const attempt = async () => {
    if (received === file.sizeBytes) return;
    await request(settings, what, receive);
    if (received < file.sizeBytes) throw interrupted(transfer, `it ended after ${received} of ${file.sizeBytes} bytes`);
  };
  await withRetries(settings, attempt, () => received);
}

/** Makes sure that there is a partial file that can be the beginning of the file.
 * @returns its size in bytes */
async function preparePartial({ file, partial }: Transfer): Promise<number> {
  const { size } = await stat(partial).catch(() => ({ size: 0 }));
  if (size > 0 && size <= file.sizeBytes) return size;
  await onDisk(partial, async () => {
    await rm(partial, { force: true });
    await (await open(partial, "w")).close(); // an empty file needs no request
  });
  return 0;
}

/** Throws if the hub says that it redirects to another file than the one it listed. */
function checkHash({ settings, file }: Transfer, linkedEtag: string | undefined): void {
  const offered = linkedEtag?.replace(/^W\//, "").replaceAll('"', "");
  if (offered === undefined || offered === file.etag) return;
  throw new UnclipError(
    "download",
    `${settings.name}: ${quote(file.path)} is listed with hash ${file.etag}, but offered with ${quote(offered)}; ` +
      `check HF_ENDPOINT, or try again later`,
  );
}

/** Whether an answer begins exactly where the file stopped, and is still about the same file. */
function isContinuation(
  { status, headers }: Response,
  received: number,
  { file, etag }: { readonly file: ListedFile; readonly etag: string | undefined },
): boolean {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  return (
    status === 206 &&
    start === String(received) &&
    (total === "*" || total === String(file.sizeBytes)) &&
    (etag === undefined || headers.get("etag") === null || headers.get("etag") === etag)
  );
}

/** Writes to a place, not to the end: if two processes write the same file, they write the same bytes to the same places.
 * Nothing is written beyond the listed size, for which the disk was found large enough. */
async function writeAt(
  { settings, file, partial }: Transfer,
  target: FileHandle,
  { chunk, position }: { readonly chunk: Uint8Array; readonly position: number },
): Promise<void> {
  if (position + chunk.length > file.sizeBytes) {
    await onDisk(partial, () => rm(partial, { force: true }));
    throw new UnclipError(
      "download",
      `${settings.name}: the server sends more than the ${file.sizeBytes} bytes that ${quote(file.path)} is listed with; ` +
        `check whether a proxy changes files`,
    );
  }
  for (let written = 0; written < chunk.length;) {
    const rest = chunk.length - written;
    written += (await onDisk(partial, () => target.write(chunk, written, rest, position + written))).bytesWritten;
  }
}

function interrupted({ settings, file }: Transfer, reason: string): Interruption {
  return new Interruption(
    new UnclipError("download", `${settings.name}: ${quote(file.path)}: ${reason}, again and again; try again later`),
  );
}
