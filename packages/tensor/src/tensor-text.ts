import { UnclipError } from "./errors.js";
import { sizeOf, tensor, valuesOf, type Tensor } from "./tensor.js";

/** A tensor's float32 values as text that JSON holds exactly: base64 of the bytes, little-endian. The shape is not part of it. */
export function textFromTensor(x: Tensor): string {
  const values = valuesOf(x);
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(i * 4, value, true));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The tensor that {@link textFromTensor} wrote.
 * @param dims its shape; -1 as the first stands for as many rows as there are
 * @param where what the text is, for messages
 * @throws UnclipError "input" if it is no such text, or has another size */
export function tensorFromText(text: unknown, dims: readonly number[], where: string): Tensor {
  const bytes = typeof text === "string" ? bytesOf(text) : undefined;
  const rowBytes = 4 * sizeOf(dims.slice(1));
  const rows = dims[0] === -1 ? (bytes?.length ?? 0) / rowBytes : dims[0]!;
  if (bytes === undefined || !Number.isInteger(rows) || rows < 1 || bytes.length !== rows * rowBytes) {
    const shape = `[${["N", ...dims.slice(1)].join(", ")}]`;
    throw new UnclipError(
      "input",
      `${where}: expected float32 values ${shape} in base64, got ${bytes === undefined ? "something else" : `${bytes.length} bytes`}`,
    );
  }
  const view = new DataView(bytes.buffer);
  const values = Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
  return tensor(values, [rows, ...dims.slice(1)]);
}

function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
