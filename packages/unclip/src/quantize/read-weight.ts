import type { Weight } from "@unclip/graph";
import { floatsOf, isFloat, type Directory } from "@unclip/runtime/node";
import { UnclipError } from "@unclip/tensor";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** The bytes [start, end) of a weight, counted from its own first.
 * @throws UnclipError "weights" if the file has fewer */
export async function readWeightBytes(
  { weightsDirectory, name }: Directory,
  { file, offset }: Weight,
  [start, end]: readonly [number, number],
): Promise<Uint8Array> {
  const handle = await open(join(weightsDirectory, file));
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, offset + start);
    if (bytesRead === end - start) return buffer;
    throw new UnclipError("weights", `${name}: ${file} has become shorter while it was read; try again`);
  } finally {
    await handle.close();
  }
}

/** The numbers of a weight.
 * @throws UnclipError "weights" if they are no floating-point ones */
export async function readWeight(folder: Directory, weight: Weight): Promise<Float32Array> {
  const { type, file, sizeBytes } = weight;
  if (!isFloat(type))
    throw new UnclipError("weights", `${folder.name}: ${file}: expected floating-point weights, got ${type}`);
  return floatsOf(type, await readWeightBytes(folder, weight, [0, sizeBytes]));
}
