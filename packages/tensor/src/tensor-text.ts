import { UnclipError } from "./errors.js";
import type { Picture } from "./picture.js";
import { sizeOf, tensor, valuesOf, type Tensor } from "./tensor.js";

/** A tensor's float32 values as text that JSON holds exactly: base64 of the bytes, little-endian. The shape is not part of it. */
export function textFromTensor(x: Tensor): string {
  const values = valuesOf(x);
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(i * 4, value, true));
  return base64Of(bytes);
}

function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A picture's bytes as text that JSON holds: base64. The size is not part of it. */
export function textFromPicture({ data }: Picture): string {
  return base64Of(data);
}

/** The picture that {@link textFromPicture} wrote.
 * @param size its size
 * @param where what the text is, for messages
 * @throws UnclipError "input" if it is no such text, or has another size */
export function pictureFromText(text: unknown, size: Omit<Picture, "data">, where: string): Picture {
  const { width, height } = size;
  const data = typeof text === "string" ? bytesOf(text) : undefined;
  if (data?.length === width * height * 3) return { width, height, data };
  const got = data === undefined ? "something else" : `${data.length} bytes`;
  throw new UnclipError("input", `${where}: expected a picture of ${width} x ${height} in base64, got ${got}`);
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
