import { isUnclipError, parseRecord, quote, sizeOf, UnclipError } from "@unclip/tensor";
import { ELEMENT_BYTES, type WeightEntry, type WeightFile, type WeightType } from "./weight-entry.js";

/** The size of the fixed part of a safetensors file: the length of its header, as a little-endian 64-bit number. */
const PREFIX_BYTES = 8;

/** The largest header the format allows. */
const MAX_HEADER_BYTES = 100_000_000;

/** The tensors by name of a safetensors file, from its header; the rest of the file is not read.
 * @throws UnclipError "weights" if the header lies, the file is cut off, or a tensor is of another type than a graph can read
 * @see https://github.com/huggingface/safetensors#format */
export async function readSafetensors(file: WeightFile): Promise<Map<string, WeightEntry>> {
  const length = headerBytes(await file.bytes(0, PREFIX_BYTES), file);
  const header = await file.bytes(PREFIX_BYTES, PREFIX_BYTES + length);
  return parseSafetensorsHeader(header, file.sizeBytes, file.where);
}

function headerBytes(prefix: Uint8Array, { sizeBytes, where }: WeightFile): number {
  if (prefix.length < PREFIX_BYTES) {
    throw new UnclipError(
      "weights",
      `${where}: the file has only ${sizeBytes} bytes and is not a safetensors file; download it again`,
    );
  }
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw new UnclipError(
      "weights",
      `${where}: the header claims ${length} bytes, which no safetensors file has; is it another format?`,
    );
  }
  if (PREFIX_BYTES + length > sizeBytes) {
    throw new UnclipError(
      "weights",
      `${where}: the header needs ${length} bytes, the file has ${sizeBytes}; it is cut off, download it again`,
    );
  }
  return length;
}

/** The tensors of a safetensors file by name, from its header.
 * Every offset is checked against the tensor's shape, against its neighbours and against the size of the file.
 * @param header the JSON part, without the eight bytes before it
 * @param fileBytes size of the whole file
 * @param where the file's name, for messages
 * @throws UnclipError "weights" for whatever safetensors' own reader refuses: text that is not UTF-8, repeated names, metadata
 * other than texts, and any contradiction between types, shapes, offsets and the file
 * @see https://github.com/huggingface/safetensors#format */
export function parseSafetensorsHeader(header: Uint8Array, fileBytes: number, where: string): Map<string, WeightEntry> {
  const start = PREFIX_BYTES + header.length;
  const { __metadata__: metadata, ...records } = parseHeader(header, `${where} (header)`);
  checkMetadata(metadata, where);
  const broken = Object.keys(records).find((name) => /\p{Surrogate}/u.test(name));
  if (broken !== undefined)
    throw new UnclipError("weights", `${where}: the header has a name that is no text: ${quote(broken)}`);
  const entries = Object.entries(records).map(
    ([name, record]) => [name, readEntry(record, start, fileBytes, `${where}: ${quote(name)}`)] as const,
  );
  checkContiguous(entries, start, fileBytes, where);
  return new Map(entries);
}

function parseHeader(header: Uint8Array, where: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw new UnclipError("weights", `${where}: the text is not UTF-8; download the file again`, { cause });
  }
  try {
    return parseRecord(text, where, { strict: true });
  } catch (cause) {
    throw isUnclipError(cause) ? new UnclipError("weights", cause.message, { cause }) : cause;
  }
}

function checkMetadata(metadata: unknown, where: string): void {
  if (metadata === undefined || metadata === null) return;
  if (typeof metadata === "object" && !Array.isArray(metadata)) {
    if (Object.values(metadata).every((value) => typeof value === "string")) return;
  }
  throw new UnclipError("weights", `${where}: expected texts by name in __metadata__; download the file again`);
}

function readEntry(record: unknown, start: number, fileBytes: number, where: string): WeightEntry {
  const { dtype, shape, data_offsets: offsets } = (record ?? {}) as Record<string, unknown>;
  if (!isWeightType(dtype)) {
    const got = typeof dtype === "string" ? dtype : (JSON.stringify(dtype) ?? "nothing");
    throw new UnclipError(
      "weights",
      `${where}: type ${quote(got)} is not supported; expected one of ${Object.keys(ELEMENT_BYTES).join(", ")}`,
    );
  }
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new UnclipError(
      "weights",
      `${where}: the header gives no proper shape and data_offsets; download the file again`,
    );
  }
  const [from, to] = offsets as [number, number];
  const expected = sizeOf(shape) * ELEMENT_BYTES[dtype];
  if (to - from !== expected) {
    throw new UnclipError(
      "weights",
      `${where}: [${quote(shape.join(", "))}] of ${dtype} takes ${expected} bytes, the header gives ${from} to ${to}; download the file again`,
    );
  }
  if (start + to > fileBytes) {
    throw new UnclipError(
      "weights",
      `${where}: ends at byte ${start + to}, the file has ${fileBytes}; it is cut off, download it again`,
    );
  }
  return { type: dtype, dims: shape, offset: start + from, sizeBytes: expected };
}

function isWeightType(dtype: unknown): dtype is WeightType {
  return typeof dtype === "string" && Object.hasOwn(ELEMENT_BYTES, dtype);
}

/** The format forbids holes and overlaps: each tensor begins where the one before it ends. */
function checkContiguous(
  entries: readonly (readonly [string, WeightEntry])[],
  start: number,
  fileBytes: number,
  where: string,
): void {
  let end = start;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.sizeBytes - b.sizeBytes)) {
    if (entry.offset !== end) {
      throw new UnclipError(
        "weights",
        `${where}: ${quote(name)} begins at byte ${entry.offset}, expected ${end}; the header is wrong, download the file again`,
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
