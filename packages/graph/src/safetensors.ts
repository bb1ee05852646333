import { parseRecord, sizeOf, UnclipError } from "@unclip/tensor";

/** Storage types of safetensors that a graph can read. */
export type WeightType = "F32" | "F16" | "BF16" | "I64" | "I32";

/** Where one tensor lies in a safetensors file. */
export interface SafetensorsEntry {
  readonly type: WeightType;
  readonly dims: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The size of the fixed part of a safetensors file: the length of its header, as a little-endian 64-bit number. */
export const SAFETENSORS_PREFIX_BYTES = 8;

/** The largest header the format allows. */
const MAX_HEADER_BYTES = 100_000_000;

const ELEMENT_BYTES: Readonly<Record<WeightType, number>> = { F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4 };

/** The length of the header, in bytes, from the first eight bytes of a file.
 * @param where the file's name, for messages
 * @throws UnclipError "weights" if the file is cut off or is not a safetensors file */
export function safetensorsHeaderBytes(prefix: Uint8Array, fileBytes: number, where: string): number {
  if (prefix.length < SAFETENSORS_PREFIX_BYTES) {
    throw new UnclipError(
      "weights",
      `${where}: the file has only ${fileBytes} bytes and is not a safetensors file; download it again`,
    );
  }
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw new UnclipError(
      "weights",
      `${where}: the header claims ${length} bytes, which no safetensors file has; is it another format?`,
    );
  }
  if (SAFETENSORS_PREFIX_BYTES + length > fileBytes) {
    throw new UnclipError(
      "weights",
      `${where}: the header needs ${length} bytes, the file has ${fileBytes}; it is cut off, download it again`,
    );
  }
  return length;
}

/** The tensors of a safetensors file by name, from its header.
 * Every offset is checked against the tensor's shape, against its neighbours and against the size of the file.
 * @param header the JSON part, without the eight bytes before it
 * @param fileBytes size of the whole file
 * @param where the file's name, for messages
 * @throws UnclipError "weights" if the header lies or the file is cut off
 * @see https://github.com/huggingface/safetensors#format */
export function parseSafetensorsHeader(
  header: Uint8Array,
  fileBytes: number,
  where: string,
): Map<string, SafetensorsEntry> {
  const start = SAFETENSORS_PREFIX_BYTES + header.length;
  const { __metadata__: _, ...records } = parseRecord(new TextDecoder().decode(header), `${where} (header)`);
  const entries = Object.entries(records).map(
    ([name, record]) => [name, readEntry(record, start, fileBytes, `${where}: ${name}`)] as const,
  );
  checkContiguous(entries, start, fileBytes, where);
  return new Map(entries);
}

function readEntry(record: unknown, start: number, fileBytes: number, where: string): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (record ?? {}) as Record<string, unknown>;
  const size = ELEMENT_BYTES[dtype as WeightType];
  if (size === undefined) {
    throw new UnclipError(
      "weights",
      `${where}: type ${String(dtype)} is not supported; expected one of ${Object.keys(ELEMENT_BYTES).join(", ")}`,
    );
  }
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new UnclipError(
      "weights",
      `${where}: the header gives no proper shape and data_offsets; download the file again`,
    );
  }
  const [from, to] = offsets as [number, number];
  const expected = sizeOf(shape) * size;
  if (to - from !== expected) {
    throw new UnclipError(
      "weights",
      `${where}: [${shape.join(", ")}] of ${String(dtype)} takes ${expected} bytes, the header gives ${from} to ${to}; download the file again`,
    );
  }
  if (start + to > fileBytes) {
    throw new UnclipError(
      "weights",
      `${where}: ends at byte ${start + to}, the file has ${fileBytes}; it is cut off, download it again`,
    );
  }
  return { type: dtype as WeightType, dims: shape, offset: start + from, sizeBytes: expected };
}

/** The format forbids holes and overlaps: each tensor begins where the one before it ends. */
function checkContiguous(
  entries: readonly (readonly [string, SafetensorsEntry])[],
  start: number,
  fileBytes: number,
  where: string,
): void {
  let end = start;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.sizeBytes - b.sizeBytes)) {
    if (entry.offset !== end) {
      throw new UnclipError(
        "weights",
        `${where}: ${name} begins at byte ${entry.offset}, expected ${end}; the header is wrong, download the file again`,
      );
    }
    end = entry.offset + entry.sizeBytes;
  }
  if (end !== fileBytes) {
    throw new UnclipError(
      "weights",
      `${where}: the tensors end at byte ${end}, the file has ${fileBytes}; download it again`,
    );
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
