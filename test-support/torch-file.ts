import { zipOf, type ZipOptions } from "./zip.js";

/** A tensor as bytes, row-major and little-endian. */
export interface StoredTensor {
  /** By safetensors' names. */
  readonly type: string;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

const STORAGES: Readonly<Record<string, readonly [name: string, elementBytes: number]>> = {
  F32: ["FloatStorage", 4],
  F16: ["HalfStorage", 2],
  BF16: ["BFloat16Storage", 2],
  I64: ["LongStorage", 8],
  I32: ["IntStorage", 4],
};

/** The tensors of a safetensors file, read without any code of the packages under test. */
export function storedTensors(safetensors: Uint8Array): Record<string, StoredTensor> {
  const length = Number(new DataView(safetensors.buffer, safetensors.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(safetensors.subarray(8, 8 + length))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(([name, { dtype, shape, data_offsets: offsets }]) => {
        const [from, to] = offsets.map((offset) => 8 + length + offset);
        return [name, { type: dtype, dims: shape, bytes: safetensors.subarray(from, to) }];
      }),
  );
}

/** A state dict as torch.save writes it: the pickle of an OrderedDict of tensors, and a storage for each. */
export function torchFileOf(tensors: Readonly<Record<string, StoredTensor>>, options: ZipOptions = {}): Buffer {
  const entries = Object.entries(tensors);
  const storages = entries.map(([, { bytes }], i) => [`model/data/${i}`, bytes] as const);
  const pickle = Buffer.concat([
    ...[
      bytes(0x80, 2),
      global("collections", "OrderedDict"),
      text(")R("),
      ...entries.flatMap(pickledTensor),
      text("u."),
    ],
  ]);
  const files = { "model/data.pkl": pickle, "model/byteorder": text("little"), ...Object.fromEntries(storages) };
  return zipOf({ ...files, "model/version": text("3\n") }, options);
}

function pickledTensor([name, { type, dims, bytes: content }]: [string, StoredTensor], index: number): Buffer[] {
  const [storage, elementBytes] = STORAGES[type]!;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const size = content.length / elementBytes;
  return [
    unicode(name),
    global("torch._utils", "_rebuild_tensor_v2"),
    text("(("),
    ...[
      unicode("storage"),
      global("torch", storage),
      unicode(String(index)),
      unicode("cpu"),
      integer(size),
      text("tQ"),
    ],
    ...[integer(0), tuple(dims), tuple(strides), bytes(0x89), global("collections", "OrderedDict"), text(")RtR")],
  ];
}

export const bytes = (...values: number[]) => Buffer.from(values);
export const text = (content: string) => Buffer.from(content);
export const global = (module: string, name: string) => text(`c${module}\n${name}\n`);
export const tuple = (values: readonly number[]) => Buffer.concat([text("("), ...values.map(integer), text("t")]);

export function unicode(content: string): Buffer {
  const head = Buffer.from("X    ");
  head.writeUInt32LE(Buffer.byteLength(content), 1);
  return Buffer.concat([head, text(content)]);
}

/** A whole number of 32 bits, or of 64 as Python's "long". */
export function integer(value: number): Buffer {
  const isShort = value < 2 ** 31;
  const out = Buffer.alloc(isShort ? 5 : 10);
  if (isShort) {
    out.write("J");
    out.writeInt32LE(value, 1);
  } else {
    out.set([0x8a, 8]);
    out.writeBigInt64LE(BigInt(value), 2);
  }
  return out;
}
