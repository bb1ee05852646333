/** An array of a fixture with its shape. */
export interface FixtureTensor {
  readonly dims: number[];
  /** The values as numbers, whatever their storage. */
  readonly data: Float32Array;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const ARRAYS: Record<string, (bytes: ArrayBuffer) => Float32Array> = {
  F32: (bytes) => new Float32Array(bytes),
  I64: (bytes) => Float32Array.from(new BigInt64Array(bytes), Number),
  I32: (bytes) => Float32Array.from(new Int32Array(bytes)),
  U8: (bytes) => Float32Array.from(new Uint8Array(bytes)),
  BOOL: (bytes) => Float32Array.from(new Uint8Array(bytes)),
};

/** Named arrays of a safetensors file, read without any code of the packages under test. */
export function readTensors(bytes: Uint8Array): Record<string, FixtureTensor> {
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as Record<
    string,
    HeaderEntry
  >;
  const start = 8 + headerBytes;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const copy = new Uint8Array(bytes.subarray(start + from, start + to)).buffer;
          return [name, { dims: shape, data: ARRAYS[dtype]!(copy) }];
        },
      ),
  );
}
