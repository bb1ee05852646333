import { add, createGraphBuilder } from "@unclip/graph";
import { createRuntime, readCheckpoint, type ModelFolder } from "@unclip/runtime/node";
import { tensor } from "@unclip/tensor";
import { open, writeFile } from "node:fs/promises";

export { readFolder, temporaryFolder } from "../../../test-support/folders.js";

/** Writes a safetensors file with the given F32 tensors; values beyond the given ones are a hole of zeros in the file. */
export async function writeSafetensors(
  path: string,
  tensors: Record<string, { dims: number[]; values?: number[] }>,
): Promise<void> {
  let end = 0;
  const header: Record<string, unknown> = {};
  const parts: { at: number; bytes: Uint8Array }[] = [];
  for (const [name, { dims, values = [] }] of Object.entries(tensors)) {
    const start = end;
    end += 4 * dims.reduce((a, b) => a * b, 1);
    header[name] = { dtype: "F32", shape: dims, data_offsets: [start, end] };
    parts.push({ at: start, bytes: new Uint8Array(Float32Array.from(values).buffer) });
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  await writeFile(path, Buffer.concat([length, json]));
  const file = await open(path, "r+");
  await file.truncate(8 + json.length + end);
  for (const { at, bytes } of parts) await file.write(bytes, 0, bytes.length, 8 + json.length + at);
  await file.close();
}

/** Runs a network over two weights of a prior in ONNX Runtime: twice clip_mean plus clip_std. */
export async function runPrior(folder: ModelFolder): Promise<number[]> {
  const checkpoint = await readCheckpoint(folder, "prior");
  const g = createGraphBuilder({ name: "prior", checkpoint, ignore: () => true });
  const { dims } = checkpoint.weights.get("clip_mean")!;
  const mean = g.weight("clip_mean", dims);
  g.output("y", add(g, add(g, mean, mean), add(g, g.input("x", "float", dims), g.weight("clip_std", dims))));
  const runtime = await createRuntime();
  try {
    const { y } = await runtime.network(g.finish(), folder).run({ x: tensor(new Float32Array(dims[1]!), dims) });
    return [...(y!.data as Float32Array)];
  } finally {
    await runtime.dispose();
  }
}

/** The bytes of a safetensors file. */
export function safetensors(
  tensors: Record<string, { dtype?: string; dims: number[]; bytes: Uint8Array }>,
): Uint8Array<ArrayBuffer> {
  let end = 0;
  const header = Object.entries(tensors).map(([name, { dtype = "F32", dims, bytes }]) => {
    const start = end;
    end += bytes.length;
    return [name, { dtype, shape: dims, data_offsets: [start, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Uint8Array.from(Buffer.concat([length, json, ...Object.values(tensors).map(({ bytes }) => bytes)]));
}
