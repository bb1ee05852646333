import { quote, UnclipError } from "@unclip/tensor";
import { checkTextSize, type BlobFolder } from "../model-folder.js";

/** A folder that a person chose or dropped (a FileSystemDirectoryHandle). */
export interface DirectoryHandle {
  readonly kind: "directory";
  readonly name: string;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<File> }>;
}

/** A file of a chosen folder with its path in it. A `File` that was posted to a Worker may have lost its own. */
export interface DiskFile {
  readonly path: string;
  readonly file: File;
}

/** Chosen files with their paths, which begin with the name of the folder; files that were chosen by themselves have none. */
function diskFiles(files: readonly File[]): DiskFile[] {
  return files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Opens a folder on this machine's disk in place: nothing is uploaded or copied.
 * @param source a folder's handle, or the files of `<input type="file" webkitdirectory>` */
export function openDiskFolder(
  source: DirectoryHandle | readonly File[] | readonly DiskFile[],
  { name, variant }: { readonly name?: string; readonly variant?: string },
): BlobFolder {
  const files = "kind" in source ? [] : withPaths(source);
  const folderName = name ?? ("kind" in source ? source.name : nameOf(files));
  const find = "kind" in source ? findIn(source) : findAmong(files);
  const blob = async (path: string) => {
    const found = await find(path);
    if (found === undefined) throw new UnclipError("input", `${folderName}: there is no file ${quote(path)}`);
    return found;
  };
  return {
    name: folderName,
    ...(variant !== undefined && { variant }),
    blob,
    has: async (path) => (await find(path)) !== undefined,
    sizeBytes: async (path) => (await blob(path)).size,
    bytes: async (path, start, end) => new Uint8Array(await (await blob(path)).slice(start, end).arrayBuffer()),
    async text(path) {
      const found = await blob(path);
      checkTextSize(found.size, `${folderName}/${path}`);
      return found.text();
    },
  };
}

function withPaths(files: readonly File[] | readonly DiskFile[]): readonly DiskFile[] {
  const isPlain = (all: readonly File[] | readonly DiskFile[]): all is readonly File[] => all[0] instanceof File;
  return isPlain(files) ? diskFiles(files) : files;
}

function nameOf([first]: readonly DiskFile[]): string {
  if (first === undefined)
    throw new UnclipError("input", "files: the folder is empty; choose the one that holds model_index.json");
  return first.path.includes("/") ? first.path.split("/")[0]! : "files";
}

function findIn(root: DirectoryHandle): (path: string) => Promise<File | undefined> {
  return async (path) => {
    const names = path.split("/");
    const file = names.pop()!;
    try {
      let folder = root;
      for (const name of names) folder = await folder.getDirectoryHandle(name);
      return await (await folder.getFileHandle(file)).getFile();
    } catch (cause) {
      // A name that no file can have, such as "..", is a TypeError.
      if (cause instanceof Error && ["NotFoundError", "TypeMismatchError", "TypeError"].includes(cause.name))
        return undefined;
      throw new UnclipError("input", `${root.name}/${path}: cannot be read; choose the folder again`, { cause });
    }
  };
}

function findAmong(files: readonly DiskFile[]): (path: string) => Promise<File | undefined> {
  const inFolder = (path: string) => path.split("/").slice(1).join("/") || path;
  const byPath = new Map(files.map(({ path, file }) => [inFolder(path), file]));
  return async (path) => byPath.get(path);
}
