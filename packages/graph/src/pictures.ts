import type { Emitter } from "./emitter.js";
import type { Dim, NodeRecord } from "./onnx.js";

/* Pictures whose channels lie last, in bands of rows: what the pass of channels-last.ts computes with. */

/** A picture [N, C, H, W] in bands from the top to the bottom, each [N, rows, W, C]. A value is `scale` x + `shift`, x being what the bands hold. */
export interface Picture {
  /** N */
  readonly batch: Dim;
  readonly bands: readonly string[];
  /** Height of each band. */
  readonly rows: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Whether the bands hold uint8, not float32. */
  readonly isInteger: boolean;
  /** [1 or N, 1, 1, C]; absent: 1. */
  readonly scale?: string;
  /** [1 or N, 1, 1, C]; absent: 0. */
  readonly shift?: string;
  /** Whether each pixel stands for a square of 2x2, which is not drawn yet. Height, width and rows are those before. */
  readonly isDoubled: boolean;
}

/** Shape [N, C, H, W] of a picture. */
export type PictureDims = readonly [Dim, number, number, number];

/** How a convolution rounds its input: x / step + zero point. */
interface Rounding {
  /** [1], or one for each channel. */
  readonly step: string;
  readonly steps: number;
  /** [1] */
  readonly zeroPoint: string;
}

/** What is known of a convolution, beside its parameters. */
interface ConvolutionSizes {
  /** Height and width of the kernel. */
  readonly kernel: number;
  readonly stride: number;
  /** Channels that it makes. */
  readonly out: number;
  /** What stands for 0 in what it takes. */
  readonly zeroPoint: string;
}

/** Pixels of a band: its floats stay in a processor's cache for the few operators between two convolutions. */
const BAND_PIXELS = 2048;
const FLOAT = 1;
const MICROSOFT = "com.microsoft";

/** Height of the bands of a picture: it is halved while they have more pixels than they should. */
function rowsFor(height: number, width: number): number {
  let rows = height;
  while (rows * width > BAND_PIXELS && rows % 2 === 0) rows /= 2;
  return rows;
}

/** Computes with pictures: each function adds nodes to `g`. */
export function createPictures(g: Emitter) {
  const shape = (...dims: readonly number[]) => g.constant("int64", dims);
  const rowsOf = (band: string, from: number, to: number) => g.node("Slice", [band, shape(from), shape(to), shape(1)]);
  const join = (bands: readonly string[], axis: number) =>
    bands.length === 1 ? bands[0]! : g.node("Concat", bands, { axis });
  const eachBand = (p: Picture, make: (band: string) => string): Picture => ({ ...p, bands: p.bands.map(make) });

  /** The same picture in bands of another height. */
  function inBandsOf(p: Picture, rows: number): Picture {
    if (rows === p.rows) return p;
    if (rows % p.rows === 0) {
      const count = rows / p.rows;
      const starts = p.bands.flatMap((_, i) => (i % count === 0 ? [i] : []));
      return { ...p, rows, bands: starts.map((i) => join(p.bands.slice(i, i + count), 1)) };
    }
    if (p.rows % rows !== 0) return inBandsOf(inBandsOf(p, p.height), rows);
    return { ...p, rows, bands: p.bands.flatMap((band) => g.split(band, 1, p.rows / rows)) };
  }

  /** A picture of a tensor [N, C, H, W]. */
  function fromChannelsFirst(x: string, [batch, channels, height, width]: PictureDims): Picture {
    const rows = rowsFor(height, width);
    const isWhole = rows === height;
    const bands = Array.from({ length: height / rows }, (_, i) =>
      isWhole ? x : g.node("Slice", [x, shape(i * rows), shape((i + 1) * rows), shape(2)]),
    ).map((band) => g.node("Transpose", [band], { perm: [0, 2, 3, 1] }));
    return { batch, bands, rows, height, width, channels, isInteger: false, isDoubled: false };
  }

  /** A picture of tokens [N, HW, C]. */
  function fromTokens(x: string, [batch, channels, height, width]: PictureDims): Picture {
    const rows = rowsFor(height, width);
    const whole = g.node("Reshape", [x, shape(0, height, width, channels)]);
    const all = { batch, bands: [whole], rows: height, height, width, channels, isInteger: false, isDoubled: false };
    return inBandsOf(all, rows);
  }

  /** What a picture means, in float32. */
  function inFloats(p: Picture): Picture {
    const { scale, shift, ...rest } = p;
    const floats = eachBand({ ...rest, isInteger: false }, (band) => {
      const x = p.isInteger ? g.node("Cast", [band], { to: FLOAT }) : band;
      const scaled = scale === undefined ? x : g.node("Mul", [x, scale]);
      return shift === undefined ? scaled : g.node("Add", [scaled, shift]);
    });
    return drawDoubled(floats);
  }

  /** The same with pixels drawn as squares where they stand for them. */
  function drawDoubled(p: Picture): Picture {
    if (!p.isDoubled) return p;
    const { rows, width, channels } = p;
    const drawn = eachBand(p, (band) => {
      const apart = g.node("Reshape", [band, shape(0, rows, 1, width, 1, channels)]);
      const squares = g.node("Expand", [apart, shape(1, 1, 2, 1, 2, 1)]);
      return g.node("Reshape", [squares, shape(0, 2 * rows, 2 * width, channels)]);
    });
    return { ...drawn, rows: 2 * rows, height: 2 * p.height, width: 2 * width, isDoubled: false };
  }

  /** Twice as high and wide, by repeating pixels. */
  function doubled(p: Picture): Picture {
    const small = drawDoubled(p);
    const rows = rowsFor(2 * small.height, 2 * small.width) / 2;
    return { ...(Number.isInteger(rows) ? inBandsOf(small, rows) : small), isDoubled: true };
  }

  /** Half as high and wide, by the mean of squares. */
  function halved(p: Picture): Picture {
    const floats = inFloats(p);
    const whole = floats.rows % 2 === 0 ? floats : inBandsOf(floats, floats.height);
    const { rows, width, channels } = whole;
    const mean = (x: string, axis: number) => g.node("ReduceMean", [x, shape(axis)], { keepdims: 0 });
    const small = eachBand(whole, (band) => {
      const pairs = g.node("Reshape", [band, shape(0, rows / 2, 2, width * channels)]);
      return mean(g.node("Reshape", [mean(pairs, 2), shape(0, rows / 2, width / 2, 2, channels)]), 3);
    });
    const size = { rows: rows / 2, height: whole.height / 2, width: width / 2 };
    return inBandsOf({ ...small, ...size }, rowsFor(size.height, size.width));
  }

  /** factor x + offset, both [1 or N, 1, 1, C]. */
  function scaled(p: Picture, factor: string | undefined, offset: string | undefined): Picture {
    const times = (x: string | undefined) => (x === undefined || factor === undefined ? x : g.node("Mul", [x, factor]));
    const moved = times(p.shift);
    return {
      ...p,
      ...(factor !== undefined && { scale: p.scale === undefined ? factor : times(p.scale)! }),
      ...(offset !== undefined && { shift: moved === undefined ? offset : g.node("Add", [moved, offset]) }),
      ...(offset === undefined && moved !== undefined && { shift: moved }),
    };
  }

  /** Another operator of one input on each pixel. */
  function eachPixel(p: Picture, op: string, attributes: NodeRecord["attributes"], domain: string): Picture {
    const { isDoubled } = p;
    const floats = inFloats({ ...p, isDoubled: false });
    return { ...eachBand(floats, (band) => g.node(op, [band], attributes, domain)), isDoubled };
  }

  /** a + b. */
  function sum(a: Picture, b: Picture): Picture {
    const [x, y] = [inFloats(a), inFloats(b)];
    const other = inBandsOf(y, x.rows).bands;
    return { ...x, bands: x.bands.map((band, i) => g.node("Add", [band, other[i]!])) };
  }

  /** Channels of several pictures, one behind the other. */
  function channelsOf(pictures: readonly Picture[]): Picture {
    const [first, ...rest] = pictures.map(inFloats) as [Picture, ...Picture[]];
    const others = rest.map((p) => inBandsOf(p, first.rows));
    const channels = pictures.reduce((total, p) => total + p.channels, 0);
    const bands = first.bands.map((band, i) => join([band, ...others.map((p) => p.bands[i]!)], 3));
    return { ...first, channels, bands };
  }

  /** Each of `groups` groups of channels by its own mean and variance: another scale and shift, from sums over bands. */
  function normalised(p: Picture, groups: number, epsilon: number): Picture {
    const { rows, width, height, channels } = p;
    const pixels = rows * width;
    const ones = g.constant("float", Array<number>(pixels).fill(1), [1, pixels]);
    const [zero, one] = [g.constant("uint8", [0], []), g.constant("float", [1], [])];
    const sums = p.bands.map((band) => {
      const x = p.isInteger ? g.node("DequantizeLinear", [band, one, zero]) : band; // a Cast would be shared with inFloats, and kept until then
      const flat = g.node("Reshape", [x, shape(0, 1, pixels, channels)]);
      return [flat, g.node("Mul", [flat, flat])].map((values) => g.node("MatMul", [ones, values]));
    });
    const perPixel = g.constant("float", [1 / (height * width)], []);
    const meanOf = (index: number) => {
      const parts = sums.map((each) => each[index]!);
      return g.node("Mul", [parts.length === 1 ? parts[0]! : g.node("Sum", parts), perPixel]);
    };
    let [mean, square] = [meanOf(0), meanOf(1)];
    if (p.scale !== undefined) {
      mean = g.node("Mul", [mean, p.scale]);
      square = g.node("Mul", [square, g.node("Mul", [p.scale, p.scale])]);
    }
    if (p.shift !== undefined) {
      const twice = g.node("Add", [g.node("Add", [mean, mean]), p.shift]);
      square = g.node("Add", [square, g.node("Mul", [twice, p.shift])]);
      mean = g.node("Add", [mean, p.shift]);
    }
    const size = channels / groups;
    const grouped = (x: string) =>
      g.node("ReduceMean", [g.node("Reshape", [x, shape(0, groups, size)]), shape(2)], { keepdims: 1 });
    const ungrouped = (x: string) =>
      g.node("Reshape", [
        g.node("Mul", [x, g.constant("float", Array<number>(size).fill(1), [1, 1, size])]),
        shape(0, 1, 1, channels),
      ]);
    const [center, power] = [grouped(mean), grouped(square)];
    const variance = g.node("Max", [
      g.node("Sub", [power, g.node("Mul", [center, center])]),
      g.constant("float", [0], []),
    ]);
    const deviation = g.node("Sqrt", [g.node("Add", [variance, g.constant("float", [epsilon], [])])]);
    const factor = g.node("Reciprocal", [deviation]);
    return scaled(p, ungrouped(factor), ungrouped(g.node("Neg", [g.node("Mul", [center, factor])])));
  }

  /** A picture in the integers that a convolution takes. */
  function rounded(p: Picture, { step, steps, zeroPoint }: Rounding): Picture {
    const one = g.constant("float", [1]);
    const stepped = steps === 1 ? p : scaled(p, g.node("Reciprocal", [step]), undefined);
    const floats = inFloats({ ...stepped, isDoubled: false });
    const integers = eachBand(floats, (band) => g.node("QuantizeLinear", [band, steps === 1 ? step : one, zeroPoint]));
    return drawDoubled({ ...integers, isInteger: true, isDoubled: p.isDoubled });
  }

  /** Convolution of a picture of integers: its bands are the pictures of a batch, each with the rows beside it, so that what ONNX Runtime gathers
   * for the product stays in the cache too.
   * @param parameters the inputs of QLinearConv for a picture */
  function convolved(
    p: Picture,
    parameters: (x: string) => readonly string[],
    { kernel, stride, out, zeroPoint }: ConvolutionSizes,
  ): Picture {
    const margin = (kernel - 1) / 2;
    const above = margin;
    const below = stride === 1 ? margin : 0; // with a stride of 2 the last row taken of a band is its last
    const x = p.rows % stride === 0 && p.rows >= margin ? p : inBandsOf(p, p.height);
    const { bands, rows, height, width, channels, batch } = x;
    const beside = (band: string | undefined, from: number, to: number) => {
      if (from === to) return [];
      return [band === undefined ? blank(bands[0]!, to - from) : rowsOf(band, from, to)];
    };
    const blank = (like: string, count: number) => {
      const value = g.node("Reshape", [zeroPoint, shape(1, 1, 1, 1)]);
      return g.node("Expand", [value, g.node("Shape", [rowsOf(like, 0, count)])]);
    };
    const parts = bands.flatMap((band, i) => [
      ...beside(bands[i - 1], rows - above, rows),
      band,
      ...beside(bands[i + 1], 0, below),
    ]);
    const together = g.node("Reshape", [join(parts, 1), shape(-1, above + rows + below, width, channels)]);
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [0, margin, 0, margin],
      channels_last: 1,
    };
    const y = g.node("QLinearConv", parameters(together), attributes, MICROSOFT);
    const size = { height: height / stride, width: width / stride };
    const whole = g.node("Reshape", [y, shape(-1, size.height, size.width, out)]);
    g.values.push({ name: whole, type: "uint8", dims: [batch, size.height, size.width, out] });
    const all = { ...x, ...size, rows: size.height, bands: [whole], channels: out };
    return inBandsOf(all, rowsFor(size.height, size.width));
  }

  /** Tensor [N, C, H, W] of a picture, as the value `name`. */
  function toChannelsFirst(p: Picture, name: string): void {
    const floats = inFloats(p).bands.map((band) => g.node("Transpose", [band], { perm: [0, 3, 1, 2] }));
    g.nodes.push(
      floats.length === 1
        ? { op: "Identity", domain: "", inputs: floats, outputs: [name], attributes: {} }
        : { op: "Concat", domain: "", inputs: floats, outputs: [name], attributes: { axis: 2 } },
    );
  }

  /** Tokens [N, HW, C] of a picture, as the value `name`. */
  function toTokens(p: Picture, name: string): void {
    const { bands, height, width, channels } = inFloats(p);
    const inputs = [join(bands, 1), shape(0, height * width, channels)];
    g.nodes.push({ op: "Reshape", domain: "", inputs, outputs: [name], attributes: {} });
  }

  return {
    fromChannelsFirst,
    fromTokens,
    doubled,
    halved,
    scaled,
    eachPixel,
    sum,
    channelsOf,
    normalised,
    rounded,
    convolved,
    toChannelsFirst,
    toTokens,
  };
}
