import { UnclipError } from "@unclip/tensor";
import type { HubProgress } from "@unclip/hub/web";
import { checkTextSize, type BlobFolder, type FolderOptions } from "../model-folder.js";
import { addressIn } from "./address-in.js";
import { openDiskFolder, type DirectoryHandle, type DiskFile } from "./disk-folder.js";
import { createDownloadProgress } from "./download-progress.js";
import { createRemoteFile, type ListedFile, type RemoteFile } from "./remote-file.js";

/** Where a browser finds a model: the address of a folder that a server serves file by file; a list of files and their addresses; or a
 * folder on disk that a person chose. */
export type FolderSource =
  string | URL | readonly ListedFile[] | DirectoryHandle | readonly File[] | readonly DiskFile[];

/** How files are fetched. */
export interface BlobFolderOptions extends FolderOptions {
  /** What messages call the folder; default its address. */
  readonly name?: string;
  /** Whether addresses in the folder never get another content, so that files may be kept for the next visit; default false. */
  readonly isFinal?: boolean;
  /** Called while files are fetched: one progress over all that have been asked for. */
  readonly onProgress?: (progress: HubProgress) => void;
  /** Stops what is being fetched with UnclipError "aborted". */
  readonly signal?: AbortSignal;
  /** Makes the requests; default the platform's `fetch`. */
  readonly fetch?: typeof fetch;
}

/** Opens a model folder. Each file is fetched once, when it is first needed; of weights first the header alone, if the server sends parts.
 * Listed files with a hash are kept in the browser's cache for the next visit.
 * @param source for example new URL("/models/karlo/", location.href)
 * @throws UnclipError "input" for an empty choice of files */
export async function openModelFolder(source: FolderSource, options: BlobFolderOptions = {}): Promise<BlobFolder> {
  if (typeof source === "string" || source instanceof URL) return openServedFolder(source, options);
  return isList(source) ? openListedFolder(source, options) : openDiskFolder(source, options);
}

function isList(source: Exclude<FolderSource, string | URL>): source is readonly ListedFile[] {
  return Array.isArray(source) && source.length > 0 && "url" in source[0]!;
}

function openServedFolder(source: string | URL, options: BlobFolderOptions): BlobFolder {
  const base = new URL(`${String(source).replace(/\/+$/, "")}/`, globalThis.location?.href);
  const { name = base.href.replace(/\/$/, "") } = options;
  const open = opener(options);
  const files = new Map<string, RemoteFile>();
  return folderOf(name, options, (path) => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const file = open({ url: addressIn(base, path), name: path, isFinal: options.isFinal });
    files.set(path, file);
    return file;
  });
}

function openListedFolder(list: readonly ListedFile[], options: BlobFolderOptions): BlobFolder {
  const { name = "model" } = options;
  const open = opener(options);
  const files = new Map(
    list.map((listed) => [
      listed.path,
      open({ url: new URL(listed.url, globalThis.location?.href), name: `${name}/${listed.path}`, listed }),
    ]),
  );
  return folderOf(name, options, (path) => files.get(path));
}

/** Makes files that share one progress. */
function opener({ signal, fetch = globalThis.fetch.bind(globalThis), onProgress }: BlobFolderOptions) {
  const shared = { signal, fetch, progress: createDownloadProgress(onProgress) };
  return (file: Omit<Parameters<typeof createRemoteFile>[0], keyof typeof shared>) =>
    createRemoteFile({ ...shared, ...file });
}

/** A folder over its files.
 * @param find undefined for a path that the folder does not have */
function folderOf(
  name: string,
  { variant }: BlobFolderOptions,
  find: (path: string) => RemoteFile | undefined,
): BlobFolder {
  const at = (path: string) => {
    const file = find(path);
    if (file !== undefined) return file;
    throw new UnclipError("input", `${name}: there is no file ${path}`);
  };
  return {
    name,
    ...(variant !== undefined && { variant }),
    blob: async (path) => at(path).blob(),
    has: async (path) => (await find(path)?.exists()) ?? false,
    sizeBytes: async (path) => at(path).sizeBytes(),
    bytes: async (path, start, end) => at(path).bytes(start, end),
    async text(path) {
      const file = at(path);
      checkTextSize(await file.sizeBytes(), `${name}/${path}`);
      return (await file.blob()).text();
    },
  };
}
