import { ELEMENT_BYTES, type WeightType } from "./weight-entry.js";
import { sizeOf } from "@unclip/tensor";

/** A tensor of a file that is to be written. */
export interface TensorHeader {
  readonly name: string;
  readonly type: WeightType;
  readonly dims: readonly number[];
}

/** The beginning of a safetensors file, up to its first tensor. The tensors follow it in the order given, without holes.
 * @param metadata texts by name, which readers pass on
 * @see https://github.com/huggingface/safetensors#format */
export function encodeSafetensorsHeader(
  tensors: readonly TensorHeader[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, type, dims }) => {
    const start = end;
    end += sizeOf(dims) * ELEMENT_BYTES[type];
    return [name, { dtype: type, shape: dims, data_offsets: [start, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const bytes = new TextEncoder().encode(json);
  const length = Math.ceil(bytes.length / 8) * 8; // spaces at the end, so that the tensors lie at multiples of 8
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(bytes, 8);
  return header;
}
