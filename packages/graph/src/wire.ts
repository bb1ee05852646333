/** Writes one protobuf message, field by field; nested messages are written by a callback.
 * @see https://protobuf.dev/programming-guides/encoding */
export interface MessageWriter {
  /** An integer field, int32, int64 or enum. */
  int(field: number, value: number): void;
  /** A float32 field. */
  float(field: number, value: number): void;
  string(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  message(field: number, write: (writer: MessageWriter) => void): void;
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const ENCODER = new TextEncoder();
/** The numbers that take one byte: most of a graph's. */
const SMALL = Array.from({ length: 0x80 }, (_, value) => Uint8Array.of(value));

/** The bytes of one protobuf message. */
export function writeMessage(write: (writer: MessageWriter) => void): Uint8Array {
  const parts: Uint8Array[] = [];
  const tag = (field: number, wireType: number) => parts.push(varint((field << 3) | wireType));
  const bytes = (field: number, value: Uint8Array) => {
    tag(field, LENGTH_DELIMITED);
    parts.push(varint(value.length), value);
  };
  write({
    int(field, value) {
      tag(field, VARINT);
      parts.push(varint(value));
    },
    float(field, value) {
      tag(field, FIXED32);
      const out = new Uint8Array(4);
      new DataView(out.buffer).setFloat32(0, value, true);
      parts.push(out);
    },
    string: (field, value) => bytes(field, ENCODER.encode(value)),
    bytes,
    message: (field, nested) => bytes(field, writeMessage(nested)),
  });
  return join(parts);
}

/** Seven bits a byte, lowest first, the high bit set on all but the last; negative numbers as 64 bits. */
function varint(value: number): Uint8Array {
  if (value >= 0 && value < SMALL.length) return SMALL[value]!;
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
