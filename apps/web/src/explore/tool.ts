import type { Painter } from "../painter/use-painter.js";
import type { Shelf, ShelfItem } from "../shelf/use-shelf.js";

/** What a tool of the Explore page works with. */
export interface ToolProps {
  readonly painter: Painter;
  readonly shelf: Shelf;
  /** How many upsamplers its pictures run through. */
  readonly upsamplers: number;
  readonly seed: number;
  /** Decoder steps where a picture's own noise is found first, which takes three evaluations a step, and the way back one. */
  readonly steps: number;
}

/** A shelf item as a model takes it. */
export function sourceOf({ name, picture }: ShelfItem) {
  return picture ?? name;
}
