import { checkAborted, isUnclipError, quote, UnclipError } from "@unclip/tensor";
import { checkTextSize, type BlobFolder, type FolderOptions } from "../model-folder.js";

/** How files are fetched. */
export interface BlobFolderOptions extends FolderOptions {
  /** What messages call the folder; default its address. */
  readonly name?: string;
  /** Stops what is being fetched with UnclipError "aborted". */
  readonly signal?: AbortSignal;
  /** Makes the requests; default the platform's `fetch`. */
  readonly fetch?: typeof fetch;
}

/** Opens a model folder that a web server serves file by file.
 * Each file is fetched once, when it is first needed.
 * @param source address of the folder, for example new URL("/models/toybox/", location.href) */
export async function openModelFolder(source: string | URL, options: BlobFolderOptions = {}): Promise<BlobFolder> {
  const base = new URL(`${String(source).replace(/\/+$/, "")}/`, globalThis.location?.href);
  const { name = base.href.replace(/\/$/, ""), variant } = options;
  const files = new Map<string, Promise<Blob | undefined>>();
  const fetched = (path: string) => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const fetching = fetchBlob(addressIn(base, path), options);
    files.set(path, fetching);
    fetching.catch(() => files.delete(path)); // the next who needs it tries again
    return fetching;
  };
  const blob = async (path: string) => {
    const found = await fetched(path);
    if (found === undefined) throw new UnclipError("download", `${base.href}${path}: not found`);
    return found;
  };
  return {
    name,
    ...(variant !== undefined && { variant }),
    blob,
    has: async (path) => (await fetched(path)) !== undefined,
    sizeBytes: async (path) => (await blob(path)).size,
    bytes: async (path, start, end) => new Uint8Array(await (await blob(path)).slice(start, end).arrayBuffer()),
    async text(path) {
      const found = await blob(path);
      checkTextSize(found.size, `${name}/${path}`);
      return found.text();
    },
  };
}

/** The address of a file; a name in a model's index must not lead to another folder or server. */
function addressIn(base: URL, path: string): URL {
  const url = URL.canParse(path, base) ? new URL(path, base) : undefined;
  if (url?.href.startsWith(base.href)) return url;
  throw new UnclipError("input", `${base.href}: "${quote(path)}" leads out of the model folder`);
}

/** @returns undefined if the server says that there is no such file */
async function fetchBlob(url: URL, { signal, fetch = globalThis.fetch }: BlobFolderOptions): Promise<Blob | undefined> {
  try {
    const response = await fetch(url, { signal });
    if (response.status === 404) return undefined;
    if (response.ok) return await response.blob();
    throw new UnclipError("download", `${url.href}: the server answered ${response.status} ${response.statusText}`);
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
