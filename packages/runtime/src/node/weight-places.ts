import { quote, UnclipError } from "@unclip/tensor";
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import type { Directory } from "../model-folder.js";

/** Where the files of a folder lie once links are followed. */
export interface Places extends Pick<Directory, "weightsDirectory" | "weightLocation"> {
  /** Absolute path of a file, without links; undefined if there is none.
   * @throws UnclipError "input" if the path or a link leads out of the folder, "weights" if it is a link to nothing */
  find(path: string): Promise<string | undefined>;
}

/** Where ONNX Runtime, and we, find the files of a folder.
 *
 * ONNX Runtime takes one folder per session and refuses weights that lie outside of it once all links are followed. The files of a
 * snapshot in the Hugging Face cache are links to ../../blobs, and these may be links to blobs that all repositories share: the
 * folder it is told is then the whole cache.
 * @param directory absolute path of the model folder
 * @param name what messages call the folder */
export async function placeWeights(directory: string, name: string): Promise<Places> {
  const real = await realpath(directory);
  const repository = repositoryOf(real);
  const cache = repository === undefined ? undefined : dirname(repository);
  const legal = [real, ...[repository, cache].flatMap((folder) => (folder === undefined ? [] : join(folder, "blobs")))];
  const weightsDirectory = cache ?? real;
  return {
    weightsDirectory,
    weightLocation: (path) => relative(weightsDirectory, join(real, path)).split(sep).join("/"),
    async find(path) {
      const place = join(real, path);
      const target = await realpath(place).catch(() => undefined);
      if (target === undefined) {
        if (!(await isLink(place))) return undefined;
        throw new UnclipError("weights", `${name}: ${path} is a link to a file that is gone; download the model again`);
      }
      if (legal.some((folder) => holds(folder, target))) return target;
      throw new UnclipError(
        "input",
        `${name}: ${quote(path)} leads out of the model folder, to ${quote(target, { max: 200 })}; copy the file here, nothing else is read`,
      );
    },
  };
}

/** The folder of a repository in the Hugging Face cache, models--owner--name, if `directory` is one of its snapshots. */
function repositoryOf(directory: string): string | undefined {
  const repository = dirname(dirname(directory));
  const isSnapshot = basename(dirname(directory)) === "snapshots" && basename(repository).startsWith("models--");
  return isSnapshot ? repository : undefined;
}

async function isLink(place: string): Promise<boolean> {
  return (await lstat(place).catch(() => undefined))?.isSymbolicLink() ?? false;
}

function holds(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
