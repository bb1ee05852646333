import { checkAborted, isUnclipError, UnclipError } from "@unclip/tensor";
import { keepBlob, keptBlob } from "./kept-blobs.js";
import type { DownloadProgress } from "./download-progress.js";

/** A file of a model, and where it is served. */
export interface ListedFile {
  /** Path in the model's folder, for example "decoder/config.json". */
  readonly path: string;
  readonly sizeBytes: number;
  /** Hash of its content in hexadecimal digits. A file with a hash is checked when it has arrived, and kept for the next visit. */
  readonly sha256?: string;
  readonly url: string | URL;
}

/** What is known of a file before it is asked for. */
export interface RemoteFileOptions {
  readonly url: URL;
  /** What messages and progress call it. */
  readonly name: string;
  /** Its size and hash, if a list says them. */
  readonly listed?: Pick<ListedFile, "sizeBytes" | "sha256">;
  /** Whether its address never gets another content, so that it may be kept for the next visit. */
  readonly isFinal?: boolean;
  readonly progress: DownloadProgress;
  readonly signal?: AbortSignal;
  readonly fetch: typeof fetch;
}

/** A file that a server has. What was fetched once is not fetched again. */
export interface RemoteFile {
  exists(): Promise<boolean>;
  sizeBytes(): Promise<number>;
  /** The bytes [start, end): by a range request, unless they are here already. */
  bytes(start: number, end: number): Promise<Uint8Array>;
  /** The whole file. */
  blob(): Promise<Blob>;
}

/** The start of a file, with which it is looked for: configs are shorter than that, and so are most headers of weights. */
const START_BYTES = 2 ** 16;

/** What the first request found. */
interface Found {
  readonly sizeBytes: number;
  /** The start of the file. */
  readonly start?: Uint8Array;
  /** All of it, if the server sent that instead, or the file is as short. */
  readonly whole?: Blob;
}

/** A file on a server. Nothing is asked for yet. */
export function createRemoteFile(options: RemoteFileOptions): RemoteFile {
  const { url, name, listed } = options;
  const found = remember(() => findFile(options));
  const kept = remember(() => keptBlob(options));
  const known = async (): Promise<Found | undefined> => listed ?? (await found());
  const whole = remember(async () => {
    const file = await known();
    if (file === undefined) throw new UnclipError("download", `${url.href}: not found`);
    return file.whole ?? (await kept()) ?? fetchWhole(options, file.sizeBytes);
  });
  /** Whether all of the file is here, or so little that a part of it is not worth a request. */
  const isHere = async (file: Found | undefined) =>
    whole.begun() || file?.whole !== undefined || (file?.sizeBytes ?? 0) <= START_BYTES || (await kept()) !== undefined;

  return {
    exists: async () => (await known()) !== undefined,
    sizeBytes: async () => (await known())?.sizeBytes ?? (await whole()).size,
    async bytes(from, to) {
      const file = await known();
      if (file?.start !== undefined && to <= file.start.length) return file.start.slice(from, to);
      if (await isHere(file)) return new Uint8Array(await (await whole()).slice(from, to).arrayBuffer());
      const part = await asDownload(options, () => fetchRange(options, from, to));
      if (part !== undefined) return part;
      return new Uint8Array(await (await whole()).slice(from, to).arrayBuffer()); // the server knows no ranges
    },
    async blob() {
      const blob = await whole();
      const expected = listed?.sizeBytes;
      if (expected === undefined || blob.size === expected) return blob;
      throw new UnclipError("download", `${name}: expected ${expected} bytes, got ${blob.size}; load the page again`);
    },
  };
}

/** Looks for a file by asking for its start.
 * @returns undefined if the server has no such file */
function findFile(options: RemoteFileOptions): Promise<Found | undefined> {
  return asDownload(options, async () => {
    const response = await request(options, { range: `bytes=0-${START_BYTES - 1}` });
    if (response === undefined) return undefined;
    const sizeBytes = totalOf(response);
    if (response.status !== 206 || sizeBytes === undefined) return wholeOf(response, options);
    const start = new Uint8Array(await response.arrayBuffer());
    return { sizeBytes, start, ...(start.length === sizeBytes && { whole: new Blob([start]) }) };
  });
}

/** A response that should have been a part. A server may send the whole file, refuse a part of an empty file, or hide how long it is. */
async function wholeOf(response: Response, options: RemoteFileOptions): Promise<Found | undefined> {
  const isPart = response.status !== 200;
  if (isPart) await response.body?.cancel();
  const again = isPart ? await request(options) : response;
  if (again === undefined) return undefined;
  const whole = await receive(again, options);
  return { sizeBytes: whole.size, whole };
}

/** The length that a part's header says the file has: "bytes 0-99/1234". */
function totalOf(response: Response): number | undefined {
  const [, total] = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
  return total === undefined ? undefined : Number(total);
}

/** @returns undefined if the server does not send parts */
async function fetchRange(options: RemoteFileOptions, start: number, end: number): Promise<Uint8Array | undefined> {
  if (start === end) return new Uint8Array(0);
  const response = await request(options, { range: `bytes=${start}-${end - 1}` });
  if (response?.status === 206) return new Uint8Array(await response.arrayBuffer());
  await response?.body?.cancel();
  return undefined;
}

/** Fetches a file, and keeps it for the next visit. */
async function fetchWhole(options: RemoteFileOptions, sizeBytes: number): Promise<Blob> {
  const { url, name, listed } = options;
  return asDownload(options, async () => {
    const response = await request(options);
    if (response === undefined) throw new UnclipError("download", `${url.href}: not found`);
    const blob = await receive(response, options, sizeBytes);
    await checkHash(blob, listed?.sha256, name);
    await keepBlob(blob, options);
    return blob;
  });
}

/** The body of a response, with progress. */
async function receive(response: Response, { name, progress }: RemoteFileOptions, sizeBytes?: number): Promise<Blob> {
  const total = sizeBytes ?? Number(response.headers.get("content-length") ?? 0);
  const file = progress.begin(name, total);
  if (response.body === null) {
    file.end();
    return new Blob([]);
  }
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      file.add(chunk.length);
      controller.enqueue(chunk);
    },
  });
  try {
    return await new Response(response.body.pipeThrough(counter)).blob();
  } finally {
    file.end();
  }
}

/** @throws UnclipError "download" if the content is not what the list says; unchecked where the page may not compute hashes */
async function checkHash(blob: Blob, expected: string | undefined, name: string): Promise<void> {
  if (expected === undefined || globalThis.crypto?.subtle === undefined) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found === expected) return;
  throw new UnclipError(
    "download",
    `${name}: what arrived is not the file that is listed (SHA-256 ${found.slice(0, 8)}…, expected ${expected.slice(0, 8)}…); load the page again`,
  );
}

/** @returns undefined if the server has no such file. Servers of web apps answer an address that they do not know with their page: model
 * folders have none. */
async function request(
  { url, signal, fetch }: RemoteFileOptions,
  headers?: Record<string, string>,
): Promise<Response | undefined> {
  // A browser that has a part in its cache asks for the whole as the rest of it, and some servers compress that rest by itself.
  const asPart = headers && { headers, cache: "no-store" as const };
  const response = await fetch(url, { signal, ...asPart });
  const isPage = /^text\/html\b/i.test(response.headers.get("content-type") ?? "");
  if (response.status === 404 || (response.ok && isPage)) {
    await response.body?.cancel();
    return undefined;
  }
  if (response.ok || (response.status === 416 && headers !== undefined)) return response;
  throw new UnclipError("download", `${url.href}: the server answered ${response.status} ${response.statusText}`);
}

/** Runs `work`; a connection that breaks becomes one sentence.
 * @throws UnclipError "download", "aborted" if the signal has fired */
async function asDownload<T>({ url, signal }: RemoteFileOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    checkAborted(signal, url.href);
    if (isUnclipError(cause)) throw cause;
    throw new UnclipError(
      "download",
      `${url.href}: the server cannot be reached; check the address and the connection`,
      { cause },
    );
  }
}

/** Work that is done when it is first asked for, once; after a failure, again. */
function remember<T>(work: () => Promise<T>): (() => Promise<T>) & { begun(): boolean } {
  let result: Promise<T> | undefined;
  const ask = () => {
    if (result === undefined) {
      result = work();
      result.catch(() => (result = undefined));
    }
    return result;
  };
  return Object.assign(ask, { begun: () => result !== undefined });
}
