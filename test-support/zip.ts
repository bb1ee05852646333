/** Options of {@link zipOf}. */
export interface ZipOptions {
  /** Whether sizes and places stand in the fields of zip64, as in archives of more than 4 GB. Default false. */
  readonly zip64?: boolean;
  /** Bytes behind the archive that its last record declares a comment. Default none. */
  readonly comment?: Uint8Array;
}

const MAX_32 = 0xffffffff;

/** A zip archive of stored files in their order, written by PKWARE's description and without any code of the packages under test. */
export function zipOf(
  files: Readonly<Record<string, Uint8Array>>,
  { zip64 = false, comment }: ZipOptions = {},
): Buffer {
  const parts: Uint8Array[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(name);
    // Padding in a field of its own brings the contents to a multiple of 64 bytes, as torch does it.
    const padding = (64 - ((offset + 30 + bytes.length + 4) % 64)) % 64;
    const header = Buffer.alloc(30 + bytes.length + 4 + padding);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt32LE(content.length, 18);
    header.writeUInt32LE(content.length, 22);
    header.writeUInt16LE(bytes.length, 26);
    header.writeUInt16LE(4 + padding, 28);
    bytes.copy(header, 30);
    header.write("FB", 30 + bytes.length);
    header.writeUInt16LE(padding, 32 + bytes.length);
    const extra = zip64 ? longField(content.length, offset) : Buffer.alloc(0);
    const record = Buffer.alloc(46 + bytes.length);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt32LE(zip64 ? MAX_32 : content.length, 20);
    record.writeUInt32LE(zip64 ? MAX_32 : content.length, 24);
    record.writeUInt16LE(bytes.length, 28);
    record.writeUInt16LE(extra.length, 30);
    record.writeUInt32LE(zip64 ? MAX_32 : offset, 42);
    bytes.copy(record, 46);
    parts.push(header, content);
    records.push(record, extra);
    offset += header.length + content.length;
  }
  const directory = Buffer.concat(records);
  const place = { count: Object.keys(files).length, size: directory.length, start: offset };
  return Buffer.concat([...parts, directory, ...(zip64 ? [longEnd(place)] : []), end(place, zip64, comment)]);
}

/** Size, stored size and offset in 64 bits, behind a field that is none of ours. */
function longField(size: number, offset: number): Buffer {
  const field = Buffer.alloc(6 + 4 + 24);
  field.writeUInt16LE(0x7075, 0);
  field.writeUInt16LE(2, 2);
  field.writeUInt16LE(1, 6);
  field.writeUInt16LE(24, 8);
  [size, size, offset].forEach((value, i) => field.writeBigUInt64LE(BigInt(value), 10 + 8 * i));
  return field;
}

function longEnd({ count, size, start }: { count: number; size: number; start: number }): Buffer {
  const bytes = Buffer.alloc(56 + 20);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  [count, count, size, start].forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 24 + 8 * i));
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(start + size), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}

function end(
  { count, size, start }: { count: number; size: number; start: number },
  zip64: boolean,
  comment: Uint8Array = new Uint8Array(0),
): Buffer {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt32LE(0x06054b50, 0);
  for (const at of [8, 10]) bytes.writeUInt16LE(zip64 ? 0xffff : count, at);
  bytes.writeUInt32LE(zip64 ? MAX_32 : size, 12);
  bytes.writeUInt32LE(zip64 ? MAX_32 : start, 16);
  bytes.writeUInt16LE(comment.length, 20);
  return Buffer.concat([bytes, comment]);
}
