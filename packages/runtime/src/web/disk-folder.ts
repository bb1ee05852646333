import { quote, UnclipError } from "@unclip/tensor";
import { checkTextSize, type BlobFolder } from "../model-folder.js";

/** A folder that a person chose or dropped (a FileSystemDirectoryHandle). */
export interface DirectoryHandle {
  readonly kind: "directory";
  readonly name: string;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<File> }>;
}

/** Opens a folder on this machine's disk in place: nothing is uploaded or copied.
 * @param source a folder's handle, or the files of `<input type="file" webkitdirectory>` */
export function openDiskFolder(
  source: DirectoryHandle | readonly File[],
  { name, variant }: { readonly name?: string; readonly variant?: string },
): BlobFolder {
  const folderName = name ?? nameOf(source);
  const find = "kind" in source ? findIn(source) : findAmong(source);
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

function nameOf(source: DirectoryHandle | readonly File[]): string {
  if ("kind" in source) return source.name;
  const [first] = source;
  if (first === undefined)
    throw new UnclipError("input", "files: the folder is empty; choose the one that holds model_index.json");
  return first.webkitRelativePath.split("/")[0] || "files";
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

/** Paths of chosen files begin with the name of the folder; files that were chosen by themselves have none. */
function findAmong(files: readonly File[]): (path: string) => Promise<File | undefined> {
  const byPath = new Map(
    files.map((file) => [file.webkitRelativePath.split("/").slice(1).join("/") || file.name, file]),
  );
  return async (path) => byPath.get(path);
}
