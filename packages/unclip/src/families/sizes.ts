import type { Decoder, PictureSize } from "@unclip/decoder";
import type { Sizes } from "./family.js";

/** Sizes whose decoder is made once for each: its networks stay open as long as there is room for them. */
export function createSizes(step: number, make: (size: PictureSize) => Decoder): Sizes {
  const made = new Map<string, Decoder>();
  return {
    step,
    at(size) {
      const key = `${size.width}x${size.height}`;
      const decoder = made.get(key) ?? make(size);
      made.set(key, decoder);
      return decoder;
    },
  };
}
