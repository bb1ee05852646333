import { UnclipError } from "@unclip/tensor";
import { readdir, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import type { Directory } from "../model-folder.js";

/** Where ONNX Runtime finds the weights of a folder.
 *
 * It takes one folder per session and refuses files that lie outside of it once all links are followed. The weights of a
 * snapshot in the Hugging Face cache are links to ../../blobs, so the folder it is told must be one that holds both.
 * @param directory absolute path of the model folder
 * @param name what messages call the folder
 * @throws UnclipError "weights" if a weight file is a link to nothing, or to another drive */
export async function placeWeights(
  directory: string,
  name: string,
): Promise<Pick<Directory, "weightsDirectory" | "weightLocation">> {
  const real = await realpath(directory);
  let root = real;
  for (const path of await listWeightFiles(real)) {
    const target = await realpath(join(real, path)).catch((cause: unknown) => {
      throw new UnclipError("weights", `${name}: ${path} is a link to a file that is gone; download the model again`, {
        cause,
      });
    });
    while (!holds(root, target)) {
      if (dirname(root) === root)
        throw new UnclipError("weights", `${name}: ${path} is a link to another drive (${target}); copy the file here`);
      root = dirname(root);
    }
  }
  return {
    weightsDirectory: root,
    weightLocation: (path) => relative(root, join(real, path)).split(sep).join("/"),
  };
}

/** The safetensors files of a model folder and of the folders of its components, which are directly in it. */
async function listWeightFiles(directory: string): Promise<string[]> {
  const components = await readdir(directory, { withFileTypes: true });
  const inComponents = components
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(async ({ name }) => (await readdir(join(directory, name)).catch(() => [])).map((file) => join(name, file)));
  const paths = [...components.map(({ name }) => name), ...(await Promise.all(inComponents)).flat()];
  return paths.filter((path) => path.endsWith(".safetensors"));
}

function holds(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
