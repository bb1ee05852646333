import type { Picture } from "unclip/worker";

/** Cells of a mask each way. */
export const CELLS = 64;

/** What is painted anew: one value for each cell, 1 or 0. */
export type Mask = Uint8Array;

/** A mask of nothing. */
export function emptyMask(): Mask {
  return new Uint8Array(CELLS * CELLS);
}

/** A mask with a disc painted into it, or wiped out of it.
 * @param x the disc's middle in cells
 * @param radius in cells */
export function dab(mask: Mask, { x, y, radius, value }: Dab): Mask {
  return mask.map((old, i) =>
    Math.hypot((i % CELLS) + 0.5 - x, Math.floor(i / CELLS) + 0.5 - y) <= radius ? value : old,
  );
}

export interface Dab {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly value: 0 | 1;
}

/** The share of a picture that is painted anew. */
export function shareOf(mask: Mask): number {
  return mask.reduce((sum, value) => sum + value, 0) / mask.length;
}

/** A mask as a picture: white is painted anew, black stays. */
export function pictureOf(mask: Mask): Picture {
  return {
    width: CELLS,
    height: CELLS,
    data: Uint8Array.from({ length: 3 * mask.length }, (_, i) => 255 * mask[Math.floor(i / 3)]!),
  };
}
