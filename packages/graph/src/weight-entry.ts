/** Storage types that a graph can read, by safetensors' names. */
export type WeightType = "F32" | "F16" | "BF16" | "I64" | "I32" | "I8" | "U8";

/** Where one tensor lies in a weight file: row-major, little-endian, without holes. */
export interface WeightEntry {
  readonly type: WeightType;
  readonly dims: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What one element of each type takes. */
export const ELEMENT_BYTES: Readonly<Record<WeightType, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I8: 1,
  U8: 1,
};

/** A weight file whose bytes can be read range by range, wherever it lies. */
export interface WeightFile {
  /** What messages call it. */
  readonly where: string;
  readonly sizeBytes: number;
  /** The bytes [start, end); fewer where the file ends before. */
  bytes(start: number, end: number): Promise<Uint8Array>;
}
