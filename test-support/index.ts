import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { readTensors, type FixtureTensor } from "./tensors.js";

export type { FixtureTensor };

/** Absolute path of a file in fixtures/. */
export function fixturePath(path: string): string {
  return fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
}

/** A JSON file of fixtures/. */
export function readFixture<T>(path: string): T {
  return JSON.parse(readFileSync(fixturePath(path), "utf8")) as T;
}

/** Named arrays of a safetensors file in fixtures/. */
export function readFixtureTensors(path: string): Record<string, FixtureTensor> {
  return readTensors(readFileSync(fixturePath(path)));
}

/** float32 values written as base64, little-endian. */
export function float32FromBase64(text: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);
}

/** The largest |actual - expected| of two arrays of one length. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference; // NaN counts as a difference
  }
  return largest;
}

/** The share of values of two pictures of one size that are more than 1/255 apart. */
export function shareOff(actual: Pixels, expected: Pixels): number {
  expect([actual.width, actual.height]).toEqual([expected.width, expected.height]);
  expect(actual.data.length).toBe(expected.data.length);
  let count = 0;
  for (let i = 0; i < actual.data.length; i++) if (Math.abs(actual.data[i]! - expected.data[i]!) > 1) count++;
  return count / actual.data.length;
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

/** Fails unless every value is within `maxAbs` of what is expected. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { maxAbs }: { maxAbs: number },
): void {
  expect(largestDifference(actual, expected)).toBeLessThanOrEqual(maxAbs);
}

/** Fails unless the largest difference is within `relative` of the largest expected magnitude. */
export function expectRelative(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void {
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  expectClose(actual, expected, { maxAbs: relative * scale });
}

/** Row `row` of a fixture tensor, [1, ...]. */
export function rowOf({ dims, data }: FixtureTensor, row: number): FixtureTensor {
  const size = data.length / dims[0]!;
  return { dims: [1, ...dims.slice(1)], data: data.slice(row * size, (row + 1) * size) };
}

export { countingCheckpoint } from "./counting-checkpoint.js";
export { kandinskyFolderOf, type KandinskyCase } from "./kandinsky-case.js";
