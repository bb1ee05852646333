import { createRandom, valuesOf } from "@unclip/tensor";
import type { Statistics } from "./statistics.js";

/** Storage types that {@link fillRandom} writes. */
export type StorageType = "F32" | "F16";

/** Bytes of one number. */
export const BYTES_OF: Readonly<Record<StorageType, number>> = { F32: 4, F16: 2 };

/** Values of the one block of random numbers from which all weights are cut. A prime, so that the rows of a matrix, whose
 * lengths have small factors, begin at different places of the block. */
const BLOCK = 1_000_003;

/** Writes the bytes of random weights.
 *
 * Drawing billions of normal values would take minutes. One block is drawn once; a weight repeats it from a place of its
 * own, scaled to its statistics. Networks compute as much with such values as with independent ones. */
export interface RandomWeights {
  /** Passes the bytes of `count` values on to `write`, part by part.
   * @param index which weight it is: sets the place in the block */
  fill(
    index: number,
    count: number,
    statistics: Statistics,
    write: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void>;
}

/** Random weights of one storage type, the same in every run. */
export function createRandomWeights(type: StorageType): RandomWeights {
  const block = valuesOf(createRandom(0).normal([BLOCK]));
  const scaled = new Float32Array(BLOCK);
  const half = type === "F16" ? new Uint16Array(BLOCK) : undefined;
  return {
    async fill(index, count, { mean, std }, write) {
      const length = Math.min(count, BLOCK);
      const start = (index * 77_773) % BLOCK;
      for (let i = 0, at = start; i < length; i++, at = at + 1 === BLOCK ? 0 : at + 1)
        scaled[i] = mean + std * block[at]!;
      if (half) for (let i = 0; i < length; i++) half[i] = halfOf(scaled[i]!);
      const bytes = new Uint8Array((half ?? scaled).buffer, 0, length * BYTES_OF[type]);
      for (let rest = count; rest > 0; rest -= length) {
        await write(bytes.subarray(0, Math.min(rest, length) * BYTES_OF[type]));
      }
    },
  };
}

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** The bits of the float16 nearest to a number, ties to even; numbers below 2^-14 become zero, those beyond 65504 infinite. */
export function halfOf(value: number): number {
  FLOAT[0] = value;
  const bits = BITS[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude < 0x38800000) return sign;
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1); // the 13 bits that fall away decide
  return rounded >= 0x47800000 ? sign | 0x7c00 : sign | ((rounded - 0x38000000) >>> 13);
}
