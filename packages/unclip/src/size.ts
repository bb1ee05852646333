import type { PictureSize } from "@unclip/decoder";
import { UnclipError } from "@unclip/tensor";
import type { Sizes } from "./families/family.js";
import { demand } from "./features.js";
import type { LoadedModel } from "./operation.js";

/** Width and height of a request. */
export type SizeRequest = Partial<PictureSize>;

/** The largest side of a picture, in pixels. */
export const MOST_SIDE = 2048;

/** A model at the size that a request asks for, or else at its own.
 * @returns also sentences about a size that was rounded up
 * @throws UnclipError "input" for a size that cannot be, or a model that has one size */
export function atSize(
  loaded: LoadedModel,
  { width, height }: SizeRequest,
): { readonly loaded: LoadedModel; readonly warnings: readonly string[] } {
  const { sizes, stages } = loaded;
  for (const [name, side] of Object.entries({ width, height })) {
    if (side === undefined) continue;
    demand(loaded, "size", name);
    checkSide(name, side);
  }
  if (sizes === undefined) return { loaded, warnings: [] };
  const own = stages.decoder.space.size;
  const asked = { width: width ?? own.width, height: height ?? own.height };
  const size = roundedUp(asked, sizes);
  const isOwn = size.width === own.width && size.height === own.height;
  const decoder = isOwn ? stages.decoder : sizes.at(size);
  return {
    loaded: { ...loaded, stages: { ...stages, decoder }, size },
    warnings: roundingWarnings(asked, size, sizes),
  };
}

function checkSide(name: string, side: unknown): void {
  if (typeof side === "number" && Number.isInteger(side) && side >= 1 && side <= MOST_SIDE) return;
  throw new UnclipError(
    "input",
    `${name}: expected a whole number of pixels from 1 to ${MOST_SIDE}, got ${String(side)}`,
  );
}

function roundedUp({ width, height }: PictureSize, { step }: Sizes): PictureSize {
  const up = (side: number) => Math.ceil(side / step) * step;
  return { width: up(width), height: up(height) };
}

function roundingWarnings(asked: PictureSize, size: PictureSize, { step }: Sizes): string[] {
  if (asked.width === size.width && asked.height === size.height) return [];
  const [from, to] = [asked, size].map(({ width, height }) => `${width} x ${height}`);
  return [`size: ${from} became ${to}, because this model paints widths and heights in multiples of ${step}`];
}
