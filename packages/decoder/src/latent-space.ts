import { checkDims, clamp, concatRows, rows, sizeOf, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import type { DecoderSpace, PictureSize } from "./space.js";

/** What a latent space needs of an autoencoder. */
export interface LatentCodec {
  readonly config: {
    /** C, channels of the latents. */
    readonly latentChannels: number;
    /** Pixels of a latent's side. */
    readonly factor: number;
  };
  /** Pixels [N, 3, H, W] in [-1, 1] to latents [N, C, H / factor, W / factor], about one wide. */
  encode(pixels: Tensor): Promise<Tensor>;
  /** The way back. Values may leave [-1, 1] a little. */
  decode(latents: Tensor): Promise<Tensor>;
}

/** The spaces of a decoder that denoises the latents of `codec`: one for each size of picture, in multiples of its factor.
 * Pictures go through the autoencoder one at a time, because its memory grows with their number. */
export function latentSpaces(codec: LatentCodec): (size: PictureSize) => DecoderSpace {
  const { latentChannels, factor } = codec.config;
  let view: Promise<LatentView> | undefined; // the same for all sizes
  const viewed = () => {
    view ??= latentView(codec);
    view.catch(() => (view = undefined)); // the next who asks tries again
    return view;
  };
  return (size) => {
    const { width, height } = size;
    return {
      kind: "latents",
      size,
      shape: (n) => [n, latentChannels, height / factor, width / factor],
      async encode(pixels) {
        const dims = [pixels.dims[0]!, 3, height, width];
        checkDims("decoder.pixels", pixels, dims, `resize the picture to ${width} x ${height} first`);
        return oneByOne(pixels, (one) => codec.encode(one));
      },
      decode: (x0) => oneByOne(x0, async (one) => clamp(await codec.decode(one), -1, 1)),
      preview: async (x0) => coloursOf(x0, await viewed()),
      prepare: async () => void (await viewed()),
    };
  };
}

async function oneByOne(x: Tensor, work: (one: Tensor) => Promise<Tensor>): Promise<Tensor> {
  const results: Tensor[] = [];
  for (let row = 0; row < x.dims[0]!; row++) results.push(await work(rows(x, row, row + 1)));
  return concatRows(results);
}

/** The colour of a latent, to first order: `base` and, of each channel c, `slopes[c]` times its value. Red, green, blue in [-1, 1]. */
interface LatentView {
  readonly base: readonly number[];
  readonly slopes: readonly (readonly number[])[];
}

/** Latents that one look at the autoencoder decodes: enough for the middle not to see the border. */
const SIDE = 4;

/** How an autoencoder's colours go with its latents, found out by decoding latents that are the same everywhere: nothing, and each channel
 * by one up and down. Its own derivative about grey, so to say, and nothing that a published table has to know. */
async function latentView(codec: LatentCodec): Promise<LatentView> {
  const channels = codec.config.latentChannels;
  const flat = (values: readonly number[]) =>
    tensor(Float32Array.from(values.flatMap((value) => Array<number>(SIDE * SIDE).fill(value))), [
      1,
      channels,
      SIDE,
      SIDE,
    ]);
  const only = (channel: number, value: number) =>
    flat(Array.from({ length: channels }, (_, c) => (c === channel ? value : 0)));
  const looks = Array.from({ length: channels }, (_, c) => [only(c, 1), only(c, -1)]).flat();
  const pixels = await codec.decode(concatRows([only(0, 0), ...looks]));
  const colour = (row: number) => middleOf(rows(pixels, row, row + 1));
  return {
    base: colour(0),
    slopes: Array.from({ length: channels }, (_, c) => {
      const [up, down] = [colour(1 + 2 * c), colour(2 + 2 * c)];
      return up.map((value, i) => (value - down[i]!) / 2);
    }),
  };
}

/** The mean colour of the middle quarter of one picture. */
function middleOf(pixels: Tensor): number[] {
  const [, colours, height, width] = pixels.dims as [number, number, number, number];
  const [top, left] = [Math.floor(height / 4), Math.floor(width / 4)];
  const values = valuesOf(pixels);
  return Array.from({ length: colours }, (_, colour) => {
    const middle: number[] = [];
    for (let y = top; y < height - top; y++) {
      const start = (colour * height + y) * width;
      middle.push(...values.subarray(start + left, start + width - left));
    }
    return middle.reduce((sum, value) => sum + value, 0) / middle.length;
  });
}

/** Each latent's colour: pixels [N, 3, h, w]. */
function coloursOf(x0: Tensor, { base, slopes }: LatentView): Tensor {
  const [n, channels, ...size] = x0.dims as [number, number, ...number[]];
  const area = sizeOf(size);
  const values = valuesOf(x0);
  const pictures = Array.from({ length: n }, (_, row) => {
    const planes = base.map((start, colour) => {
      const plane = new Float32Array(area).fill(start);
      for (let c = 0; c < channels; c++) {
        const [slope, from] = [slopes[c]![colour]!, (row * channels + c) * area];
        for (let i = 0; i < area; i++) plane[i]! += slope * values[from + i]!;
      }
      return tensor(plane, [1, ...size]);
    });
    return tensor(valuesOf(concatRows(planes)), [1, base.length, ...size]);
  });
  return concatRows(pictures);
}
