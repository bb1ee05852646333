import { checkDims, clamp, type Tensor } from "@unclip/tensor";

/** Width and height in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What a decoder denoises: pixels, or the latents of an autoencoder. */
export interface DecoderSpace {
  readonly kind: "pixels" | "latents";
  /** The size of the decoder's pictures. */
  readonly size: PictureSize;
  /** Shape of x_t for `n` pictures. */
  shape(n: number): readonly number[];
  /** Pixels [N, 3, H, W] in [-1, 1], H and W those of the decoder's pictures, as a clean sample x_0 of this space.
   * @throws UnclipError "shape" if the pixels have another size */
  encode(pixels: Tensor): Promise<Tensor>;
  /** A clean sample as pixels [N, 3, H, W] in [-1, 1]. */
  decode(x0: Tensor): Promise<Tensor>;
  /** How a predicted x_0 looks, as pixels, which may be fewer than those of `decode`; cheap, for showing the way. */
  preview(x0: Tensor): Tensor | Promise<Tensor>;
  /** Gets ready what `preview` needs. Without it the first preview does, at a time when the denoiser holds the memory. */
  prepare?(): Promise<void>;
}

/** The space of a decoder that denoises pixels: they are their own clean sample.
 * @param channels C, 3 for colours
 * @param size height and width, in pixels */
export function pixelSpace(channels: number, size: number): DecoderSpace {
  const shape = (n: number) => [n, channels, size, size];
  return {
    kind: "pixels",
    size: { width: size, height: size },
    shape,
    async encode(pixels) {
      checkDims("decoder.pixels", pixels, shape(pixels.dims[0]!), `resize the picture to ${size} x ${size} first`);
      return pixels;
    },
    decode: async (x0) => clamp(x0, -1, 1),
    preview: (x0) => x0,
  };
}
