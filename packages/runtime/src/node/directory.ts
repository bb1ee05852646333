import { quote, UnclipError } from "@unclip/tensor";
import { open, readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkTextSize, type Directory, type FolderOptions } from "../model-folder.js";
import { placeWeights } from "./weight-places.js";

/** Opens a model folder on disk. Nothing outside of it is read: its files may be links to others of it, and in the Hugging Face
 * cache to the blobs of its repository; any other link fails with UnclipError "input" when it is to be read.
 * @param source path or file: URL
 * @throws UnclipError "input" if there is no such folder */
export async function openModelFolder(source: string | URL, options: FolderOptions = {}): Promise<Directory> {
  const path = source instanceof URL ? fileURLToPath(source) : source;
  if (typeof path !== "string")
    throw new UnclipError("input", `model folder: expected a path or a file: URL in Node, got ${typeof path}`);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UnclipError("input", `${path}: no such folder; give the path of a model folder`);
  if (!found.isDirectory())
    throw new UnclipError("input", `${path}: this is a file; give the folder that holds model_index.json`);
  return openDirectory(resolve(path), { variant: options.variant, name: path.replace(/(?<=.)[/\\]+$/, "") });
}

/** Opens a folder that exists.
 * @param directory absolute path */
export async function openDirectory(
  directory: string,
  { name, variant }: FolderOptions & { readonly name: string },
): Promise<Directory> {
  const { weightsDirectory, weightLocation, find } = await placeWeights(directory, name);
  const at = async (path: string) => {
    const found = await find(path);
    if (found === undefined) throw new UnclipError("input", `${name}: there is no file ${quote(path)}`);
    return found;
  };
  return {
    name,
    directory,
    ...(variant !== undefined && { variant }),
    weightsDirectory,
    weightLocation,
    async has(path) {
      const found = await find(path);
      return found !== undefined && (await stat(found)).isFile();
    },
    sizeBytes: async (path) => (await stat(await at(path))).size,
    bytes: async (path, start, end) => readRange(await at(path), start, end),
    async text(path) {
      const file = await at(path);
      checkTextSize((await stat(file)).size, `${name}/${path}`);
      return readFile(file, "utf8");
    },
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
