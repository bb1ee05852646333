import type { Checkpoint } from "@unclip/graph";
import { findWeightFiles, readCheckpoint, type Directory } from "@unclip/runtime/node";
import { checkAborted, nextTask } from "@unclip/tensor";
import { copyFile, mkdir, open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { encodeWeights, type ChosenLayer } from "./write-weights.js";

/** How far the writing is, in bytes. */
export interface Written {
  readonly written: number;
  readonly total: number;
}

/** Options of {@link writeFolder}. */
export interface WriteFolderOptions {
  readonly folder: Directory;
  /** Absolute path of a folder that is there and empty. */
  readonly target: string;
  /** Layers that become int8, by the place of their weight. */
  readonly chosen: ReadonlyMap<string, ChosenLayer>;
  readonly signal: AbortSignal | undefined;
}

/** Writes a model folder whose chosen layers are int8: one safetensors file for each component with weights, and every other file as it is.
 * Copies of the weights in other formats or variants, which opening would pass over, are left out. */
export async function* writeFolder({ folder, target, chosen, signal }: WriteFolderOptions): AsyncGenerator<Written> {
  const components = await listComponents(folder);
  const checkpoints: Checkpoint[] = [];
  for (const component of components) checkpoints.push(await readCheckpoint(folder, component));
  const bytesOf = (checkpoint: Checkpoint) =>
    [...checkpoint.weights.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const total = checkpoints.reduce((sum, checkpoint) => sum + bytesOf(checkpoint), 0);
  let done = 0;
  await copyOthers(folder.directory, target);
  for (const [index, component] of components.entries()) {
    const checkpoint = checkpoints[index]!;
    await mkdir(join(target, component), { recursive: true });
    const file = await open(join(target, component, await nameOf(folder, component)), "wx");
    try {
      let written = 0;
      for await (const bytes of encodeWeights(folder, checkpoint, chosen)) {
        checkAborted(signal, "quantizeModel");
        await file.write(bytes);
        written += bytes.length;
        yield { written: Math.min(total, done + written), total };
        await nextTask();
      }
    } finally {
      await file.close();
    }
    done += bytesOf(checkpoint);
    yield { written: done, total };
  }
}

/** The folders of a model that hold weights; "" for the folder itself. */
async function listComponents(folder: Directory): Promise<string[]> {
  const names = ["", ...(await readdir(folder.directory)).sort()];
  const found = [];
  for (const name of names) {
    if (name !== "" && !(await stat(join(folder.directory, name))).isDirectory()) continue;
    if ((await findWeightFiles(folder, name)) !== undefined) found.push(name);
  }
  return found;
}

/** diffusers' name for weights, or transformers', whichever the component has. */
async function nameOf(folder: Directory, component: string): Promise<string> {
  const { files } = (await findWeightFiles(folder, component))!;
  return basename(files[0]!).startsWith("diffusion_pytorch_model") ? `${DIFFUSERS}.safetensors` : "model.safetensors";
}

const DIFFUSERS = "diffusion_pytorch_model";

/** Files that hold weights, or list those that do. */
const WEIGHTS = /\.(safetensors|bin|pt|pth|ckpt|onnx|onnx_data|msgpack|h5)$|\.index(\.\w+)?\.json$/;

/** Copies everything but weights, two folders deep as models are: what links lead to, not the links. */
async function copyOthers(from: string, to: string, depth = 0): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const isFolder = (await stat(source)).isDirectory();
    if (isFolder && depth === 0 && !name.startsWith(".")) await copyOthers(source, target, depth + 1);
    else if (!isFolder && !WEIGHTS.test(name)) await copyFile(source, target);
  }
}

/** The bytes of all weights of a folder. */
export async function weightBytesOf(folder: Directory): Promise<number> {
  let total = 0;
  for (const component of await listComponents(folder)) {
    const { weights } = await readCheckpoint(folder, component);
    for (const { sizeBytes } of weights.values()) total += sizeBytes;
  }
  return total;
}
