import { checkDims, concatChannels, map, tensor, valuesOf, type Tensor } from "@unclip/tensor";

/** A picture of which an area is painted anew. */
export interface KeptArea {
  /** Its latents, [1, c, h, w]. */
  readonly latents: Tensor;
  /** 1 where it is painted anew, 0 where it is kept, [1, 1, h, w]. */
  readonly painted: Tensor;
}

/** What an inpainting network sees beside the latents, [1, c + 1, h, w]: those of the picture, with zeros where it is painted anew, and 1
 * where it is kept. */
export function kept({ latents, painted }: KeptArea): Tensor {
  const mask = map(painted, (value) => 1 - value);
  const [keep, x] = [valuesOf(mask), valuesOf(latents)];
  const around = tensor(
    x.map((value, i) => value * keep[i % keep.length]!),
    latents.dims,
  );
  return concatChannels(around, mask);
}

/** The area that Kandinsky's inpainting paints anew: that of a mask in pixels, taken at the upper left pixel of each latent, and grown by
 * the neighbours to the left, right, above, below, upper left and lower right, since latents at the edge know something of what they
 * are next to.
 * @param mask at least 0.5 where it is painted anew, [1, 1, H, W]
 * @param factor pixels of a latent's side
 * @returns 1 or 0, [1, 1, H / factor, W / factor] */
export function paintedArea(mask: Tensor, factor: number): Tensor {
  const [, , fromHeight, fromWidth] = mask.dims as [number, number, number, number];
  checkDims("decoder.mask", mask, [1, 1, fromHeight, fromWidth]);
  const [height, width] = [fromHeight / factor, fromWidth / factor];
  const pixels = valuesOf(mask);
  const isWhite = (y: number, x: number) =>
    y >= 0 && x >= 0 && y < height && x < width && pixels[y * factor * fromWidth + x * factor]! >= 0.5;
  const out = new Float32Array(height * width).map((_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return GROWTH.some(([down, right]) => isWhite(y + down, x + right)) ? 1 : 0;
  });
  return tensor(out, [1, 1, height, width]);
}

/** Where a white cell paints this one too, seen from this one: the cell itself, and the six for which it is such a neighbour. */
const GROWTH = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, -1],
] as const;
