import { UnclipError } from "@unclip/tensor";
import { open, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Directory, FolderOptions } from "../model-folder.js";
import { placeWeights } from "./weight-places.js";

/** Opens a model folder on disk. Its weight files may be links to files elsewhere, as in the Hugging Face cache.
 * @param source path or file: URL
 * @throws UnclipError "input" if there is no such folder, "weights" if a weight file is a link to nothing */
export async function openModelFolder(source: string | URL, options: FolderOptions = {}): Promise<Directory> {
  const path = source instanceof URL ? fileURLToPath(source) : source;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UnclipError("input", `${path}: no such folder; give the path of a model folder`);
  if (!found.isDirectory())
    throw new UnclipError("input", `${path}: this is a file; give the folder that holds model_index.json`);
  return openDirectory(resolve(path), { ...options, name: path.replace(/(?<=.)[/\\]+$/, "") });
}

/** Opens a folder that exists.
 * @param directory absolute path
 * @throws UnclipError "weights" if a weight file is a link to nothing */
export async function openDirectory(
  directory: string,
  { name, variant }: FolderOptions & { readonly name: string },
): Promise<Directory> {
  const at = (path: string) => join(directory, path);
  return {
    name,
    directory,
    ...(variant !== undefined && { variant }),
    ...(await placeWeights(directory, name)),
    has: async (path) => (await stat(at(path)).catch(() => undefined))?.isFile() ?? false,
    sizeBytes: async (path) => (await stat(at(path))).size,
    bytes: (path, start, end) => readRange(at(path), start, end),
    text: (path) => readFile(at(path), "utf8"),
  };
}

async function readRange(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
