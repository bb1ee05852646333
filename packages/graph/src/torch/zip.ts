import { quote, UnclipError } from "@unclip/tensor";
import type { WeightFile } from "../weight-entry.js";

/** One file in a zip archive, as the archive's directory describes it. */
export interface ZipEntry {
  readonly name: string;
  /** Where its own header begins. */
  readonly headerOffset: number;
  readonly sizeBytes: number;
}

/** The files of a zip archive by name. */
export type ZipDirectory = ReadonlyMap<string, ZipEntry>;

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const LONG_END_BYTES = 56;
const RECORD_BYTES = 46;
const HEADER_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
/** A checkpoint has a few thousand tensors, each a record of about 100 bytes. */
const MAX_DIRECTORY_BYTES = 2 ** 24;

const END = 0x06054b50;
const LOCATOR = 0x07064b50;
const LONG_END = 0x06064b50;
const RECORD = 0x02014b50;
const HEADER = 0x04034b50;

/** Reads the directory of a zip archive, from the file's end: no contents. Every file must be stored as it is.
 * @returns undefined if the file is no zip archive
 * @throws UnclipError "weights" if the directory is damaged, or a file is compressed or encrypted
 * @see APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.12 to 4.3.16 */
export async function readZipDirectory(file: WeightFile): Promise<ZipDirectory | undefined> {
  const tailStart = Math.max(0, file.sizeBytes - END_BYTES - MAX_COMMENT_BYTES);
  const tail = viewOf(await file.bytes(tailStart, file.sizeBytes));
  const end = findEnd(tail);
  if (end === undefined) return undefined;
  const place = (await readLongEnd(file, tail, tailStart + end)) ?? {
    count: tail.getUint16(end + 10, true),
    size: tail.getUint32(end + 12, true),
    start: tail.getUint32(end + 16, true),
  };
  if (place.start + place.size > tailStart + end || place.size > MAX_DIRECTORY_BYTES) {
    throw damaged(file, `its directory is said to take the bytes ${place.start} to ${place.start + place.size}`);
  }
  const records = viewOf(await file.bytes(place.start, place.start + place.size));
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < place.count; i++) {
    const { entry, bytes } = readRecord(file, records, at);
    if (entries.has(entry.name)) throw damaged(file, `its directory has "${quote(entry.name)}" twice`);
    if (entry.headerOffset + HEADER_BYTES + entry.sizeBytes > place.start) {
      throw damaged(
        file,
        `"${quote(entry.name)}" is said to lie beyond byte ${place.start}, where the directory begins`,
      );
    }
    entries.set(entry.name, entry);
    at += bytes;
  }
  return entries;
}

/** Where the contents of an archived file begin: behind its own header, which must agree with the directory.
 * @throws UnclipError "weights" if it does not */
export async function locateZipEntry(file: WeightFile, entry: ZipEntry): Promise<number> {
  const name = new TextEncoder().encode(entry.name);
  const { headerOffset: offset, sizeBytes } = entry;
  const header = viewOf(await file.bytes(offset, offset + HEADER_BYTES + name.length));
  const agrees =
    header.byteLength === HEADER_BYTES + name.length &&
    header.getUint32(0, true) === HEADER &&
    header.getUint16(8, true) === 0 &&
    header.getUint16(26, true) === name.length &&
    name.every((byte, i) => byte === header.getUint8(HEADER_BYTES + i));
  if (!agrees) throw damaged(file, `byte ${offset} does not begin "${quote(entry.name)}", as its directory says`);
  const start = offset + HEADER_BYTES + name.length + header.getUint16(28, true);
  if (start + sizeBytes > file.sizeBytes) {
    throw damaged(file, `"${quote(entry.name)}" ends at byte ${start + sizeBytes}, the file has ${file.sizeBytes}`);
  }
  return start;
}

/** The last record of an archive: the one whose comment ends where the file ends. */
function findEnd(tail: DataView): number | undefined {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength)
      return at;
  }
  return undefined;
}

/** The place of the directory by the records of zip64, which archives of more than 4 GB have in front of the last one. */
async function readLongEnd(file: WeightFile, tail: DataView, end: number) {
  const at = tail.byteLength - (file.sizeBytes - end) - LOCATOR_BYTES;
  if (at < 0 || tail.getUint32(at, true) !== LOCATOR) return undefined;
  const offset = toNumber(file, tail.getBigUint64(at + 8, true));
  const record = viewOf(await file.bytes(offset, offset + LONG_END_BYTES));
  if (record.byteLength < LONG_END_BYTES || record.getUint32(0, true) !== LONG_END) {
    throw damaged(file, `byte ${offset} does not begin its zip64 record`);
  }
  return {
    count: toNumber(file, record.getBigUint64(32, true)),
    size: toNumber(file, record.getBigUint64(40, true)),
    start: toNumber(file, record.getBigUint64(48, true)),
  };
}

function readRecord(file: WeightFile, records: DataView, at: number): { entry: ZipEntry; bytes: number } {
  if (at + RECORD_BYTES > records.byteLength || records.getUint32(at, true) !== RECORD) {
    throw damaged(file, "its directory is incomplete");
  }
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => records.getUint16(at + offset, true)) as [
    number,
    number,
    number,
  ];
  const bytes = RECORD_BYTES + nameBytes + extraBytes + commentBytes;
  if (at + bytes > records.byteLength) throw damaged(file, "its directory is incomplete");
  const name = new TextDecoder().decode(partOf(records, at + RECORD_BYTES, nameBytes));
  const [flags, method] = [records.getUint16(at + 8, true), records.getUint16(at + 10, true)];
  if (method !== 0 || (flags & 1) !== 0) {
    const how = method === 0 ? "encrypted" : "compressed";
    throw new UnclipError(
      "weights",
      `${file.where}: "${quote(name)}" is ${how}, so that its weights cannot be mapped; save the checkpoint again with torch.save`,
    );
  }
  const extra = partOf(records, at + RECORD_BYTES + nameBytes, extraBytes);
  const short = [20, 24, 42].map((offset) => records.getUint32(at + offset, true)) as [number, number, number];
  const [stored, sizeBytes, headerOffset] = lengthen(file, short, viewOf(extra));
  if (stored !== sizeBytes) throw damaged(file, `"${quote(name)}" has two sizes, ${stored} and ${sizeBytes}`);
  return { entry: { name, headerOffset, sizeBytes }, bytes };
}

/** Stored size, size and offset, where those that do not fit in 32 bits stand in the zip64 field: size first.
 * @param extra fields of two bytes for their kind, two for their size, and their contents */
function lengthen(file: WeightFile, [stored, size, offset]: [number, number, number], extra: DataView) {
  const isLong = [size, stored, offset].map((value) => value === 0xffffffff);
  if (!isLong.includes(true)) return [stored, size, offset] as const;
  let at = 0;
  while (at + 4 <= extra.byteLength && extra.getUint16(at, true) !== 1) at += 4 + extra.getUint16(at + 2, true);
  at += 4;
  const [longSize, longStored, longOffset] = [size, stored, offset].map((value, i) => {
    if (!isLong[i]) return value;
    if (at + 8 > extra.byteLength) throw damaged(file, "its directory lacks the zip64 field of a large file");
    at += 8;
    return toNumber(file, extra.getBigUint64(at - 8, true));
  }) as [number, number, number];
  return [longStored, longSize, longOffset] as const;
}

function toNumber(file: WeightFile, value: bigint): number {
  if (value <= BigInt(file.sizeBytes)) return Number(value);
  throw damaged(file, `its directory speaks of byte ${value}, the file has ${file.sizeBytes}`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function partOf(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

function damaged(file: WeightFile, what: string): UnclipError {
  return new UnclipError("weights", `${file.where}: the file is damaged: ${what}; download it again`);
}
