import { sizeOf } from "@unclip/tensor";
import { open } from "node:fs/promises";
import type { PlannedWeight } from "./plan.js";
import { BYTES_OF, type StorageType } from "./random-block.js";

/** A safetensors file that is being written, tensor by tensor in the order of its header. */
export interface SafetensorsWriter {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Begins a safetensors file that will hold `tensors`.
 * @see https://github.com/huggingface/safetensors#format */
export async function createSafetensorsFile(
  path: string,
  tensors: readonly PlannedWeight[],
  type: StorageType,
): Promise<SafetensorsWriter> {
  let end = 0;
  const entries = tensors.map(({ key, dims }) => {
    const start = end;
    end += sizeOf(dims) * BYTES_OF[type];
    return [key, { dtype: type, shape: dims, data_offsets: [start, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) });
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8)); // data begin at a multiple of 8
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  const file = await open(path, "w");
  await file.write(length);
  await file.write(header);
  return {
    async write(bytes) {
      await file.write(bytes);
    },
    close: () => file.close(),
  };
}
