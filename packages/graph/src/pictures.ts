import type { Emitter } from "./emitter.js";
import type { Dim, NodeRecord } from "./onnx.js";

/* Pictures whose channels lie last, in bands of rows: what the pass of channels-last.ts computes with. */

/** A picture [N, C, H, W]: its channels in parts, each of them in bands from the top to the bottom. */
export interface Picture {
  /** N */
  readonly batch: Dim;
  readonly parts: readonly Part[];
  /** Height of each band. */
  readonly rows: number;
  readonly height: number;
  readonly width: number;
  /** Those of all parts. */
  readonly channels: number;
  /** Whether each pixel stands for a square of 2x2, which is not drawn yet. Height, width and rows are those before. */
  readonly isDoubled: boolean;
}

/** Channels of a picture that lie side by side. A value is `scale` x + `shift`, x being what the bands hold. */
interface Part {
  /** Each [N, rows, W, channels]. */
  readonly bands: readonly string[];
  readonly channels: number;
  /** Whether the bands hold uint8, not float32. */
  readonly isInteger: boolean;
  /** What they were cut from, [N, H, W, channels], where there is one. */
  readonly whole?: string;
  /** [1 or N, 1, 1, channels]; absent: 1. */
  readonly scale?: string;
  /** [1 or N, 1, 1, channels]; absent: 0. */
  readonly shift?: string;
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

/** Values of a band: its floats stay in the cache of the processor's cores for the few operators between two convolutions. */
const BAND_VALUES = 2 ** 18;
/** Bands of a picture, unless they would have more pixels than a convolution takes: of many more nodes ONNX Runtime opens a network slowly. */
const MOST_BANDS = 8;
/** Pixels that a convolution takes at once: what it gathers for its product stays in the cache. */
const CONVOLVED_PIXELS = 4096;
const FLOAT = 1;
const MICROSOFT = "com.microsoft";

/** Height of the bands of a picture: it is halved while they have more pixels than they should. */
function rowsFor(height: number, width: number, pixels: number): number {
  let rows = height;
  while (rows * width > pixels && rows % 2 === 0) rows /= 2;
  return rows;
}

/** Computes with pictures: each function adds nodes to `g`. */
export function createPictures(g: Emitter) {
  const shape = (...dims: readonly number[]) => g.constant("int64", dims);
  const rowsOf = (band: string, from: number, to: number) => g.node("Slice", [band, shape(from), shape(to), shape(1)]);
  const join = (bands: readonly string[], axis: number) =>
    bands.length === 1 ? bands[0]! : g.node("Concat", bands, { axis });
  const eachPart = (p: Picture, make: (part: Part) => Part): Picture => ({ ...p, parts: p.parts.map(make) });
  const eachBand = (p: Picture, make: (band: string, channels: number) => string): Picture =>
    eachPart(p, ({ whole: _, ...part }) => ({ ...part, bands: part.bands.map((band) => make(band, part.channels)) }));
  /** Height of the bands that a picture's values are computed in. */
  const rowsWith = (channels: number, height: number, width: number) => {
    const pixels = Math.max(BAND_VALUES / channels, (height * width) / MOST_BANDS);
    return rowsFor(height, width, Math.min(CONVOLVED_PIXELS, pixels));
  };

  /** The same picture in bands of another height. */
  function inBandsOf(p: Picture, rows: number): Picture {
    if (rows === p.rows) return p;
    if (rows % p.rows === 0) {
      const count = rows / p.rows;
      const starts = p.parts[0]!.bands.flatMap((_, i) => (i % count === 0 ? [i] : []));
      const joined = eachPart(p, (part) => ({
        ...part,
        bands: starts.map((i) => join(part.bands.slice(i, i + count), 1)),
      }));
      return { ...joined, rows };
    }
    if (p.rows % rows !== 0) return inBandsOf(inBandsOf(p, p.height), rows);
    const cut = (part: Part) => ({ ...part, bands: part.bands.flatMap((band) => g.split(band, 1, p.rows / rows)) });
    return { ...eachPart(p, cut), rows };
  }

  /** The same with all of its channels in one part, of floats. */
  function inOnePart(p: Picture): Picture {
    const { parts, channels, ...rest } = inFloats(p);
    return { ...rest, channels, parts: [{ bands: joinedBands(parts), channels, isInteger: false }] };
  }

  /** The bands of several parts, their channels one behind the other. */
  function joinedBands(parts: readonly Part[]): string[] {
    return parts[0]!.bands.map((_, i) =>
      join(
        parts.map(({ bands }) => bands[i]!),
        3,
      ),
    );
  }

  /** A picture of a tensor [N, C, H, W]. */
  function fromChannelsFirst(x: string, [batch, channels, height, width]: PictureDims): Picture {
    const rows = rowsWith(channels, height, width);
    const isWhole = rows === height;
    const bands = Array.from({ length: height / rows }, (_, i) =>
      isWhole ? x : g.node("Slice", [x, shape(i * rows), shape((i + 1) * rows), shape(2)]),
    ).map((band) => g.node("Transpose", [band], { perm: [0, 2, 3, 1] }));
    const parts = [{ bands, channels, isInteger: false }];
    return { batch, parts, rows, height, width, channels, isDoubled: false };
  }

  /** A picture of tokens [N, HW, C]. */
  function fromTokens(x: string, [batch, channels, height, width]: PictureDims): Picture {
    const whole = g.node("Reshape", [x, shape(0, height, width, channels)]);
    const parts = [{ bands: [whole], channels, isInteger: false }];
    const all = { batch, parts, rows: height, height, width, channels, isDoubled: false };
    return inBandsOf(all, rowsWith(channels, height, width));
  }

  /** What a picture means, in float32. */
  function inFloats(p: Picture): Picture {
    const floats = eachPart(p, ({ bands, channels, isInteger, scale, shift }) => ({
      channels,
      isInteger: false,
      bands: bands.map((band) => {
        const x = isInteger ? g.node("Cast", [band], { to: FLOAT }) : band;
        const scaled = scale === undefined ? x : g.node("Mul", [x, scale]);
        return shift === undefined ? scaled : g.node("Add", [scaled, shift]);
      }),
    }));
    return drawDoubled(floats);
  }

  /** The same with pixels drawn as squares where they stand for them. */
  function drawDoubled(p: Picture): Picture {
    if (!p.isDoubled) return p;
    const { rows, width } = p;
    const drawn = eachBand(p, (band, channels) => {
      const apart = g.node("Reshape", [band, shape(0, rows, 1, width, 1, channels)]);
      const squares = g.node("Expand", [apart, shape(1, 1, 2, 1, 2, 1)]);
      return g.node("Reshape", [squares, shape(0, 2 * rows, 2 * width, channels)]);
    });
    return { ...drawn, rows: 2 * rows, height: 2 * p.height, width: 2 * width, isDoubled: false };
  }

  /** Twice as high and wide, by repeating pixels. */
  function doubled(p: Picture): Picture {
    const small = drawDoubled(p);
    const rows = rowsWith(p.channels, 2 * small.height, 2 * small.width) / 2;
    return { ...(Number.isInteger(rows) ? inBandsOf(small, rows) : small), isDoubled: true };
  }

  /** Half as high and wide, by the mean of squares. */
  function halved(p: Picture): Picture {
    const floats = inFloats(p);
    const whole = floats.rows % 2 === 0 ? floats : inBandsOf(floats, floats.height);
    const { rows, width } = whole;
    const mean = (x: string, axis: number) => g.node("ReduceMean", [x, shape(axis)], { keepdims: 0 });
    const small = eachBand(whole, (band, channels) => {
      const pairs = g.node("Reshape", [band, shape(0, rows / 2, 2, width * channels)]);
      return mean(g.node("Reshape", [mean(pairs, 2), shape(0, rows / 2, width / 2, 2, channels)]), 3);
    });
    const size = { rows: rows / 2, height: whole.height / 2, width: width / 2 };
    return inBandsOf({ ...small, ...size }, rowsWith(p.channels, size.height, size.width));
  }

  /** factor x + offset, both [1 or N, 1, 1, C]. */
  function scaled(p: Picture, factor: string | undefined, offset: string | undefined): Picture {
    const sizes = p.parts.map((part) => part.channels);
    const cut = (x: string | undefined) => (sizes.length === 1 || x === undefined ? [x] : g.cut(x, sizes));
    const [factors, offsets] = [cut(factor), cut(offset)];
    return { ...p, parts: p.parts.map((part, i) => scaledPart(part, factors[i], offsets[i])) };
  }

  function scaledPart(part: Part, factor: string | undefined, offset: string | undefined): Part {
    const times = (x: string | undefined) => (x === undefined || factor === undefined ? x : g.node("Mul", [x, factor]));
    const moved = times(part.shift);
    return {
      ...part,
      ...(factor !== undefined && { scale: part.scale === undefined ? factor : times(part.scale)! }),
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
    const [x, y] = inEqualBands([a, b].map(inOnePart)) as [Picture, Picture];
    const other = y.parts[0]!.bands;
    return eachPart(x, (part) => ({ ...part, bands: part.bands.map((band, i) => g.node("Add", [band, other[i]!])) }));
  }

  /** Channels of several pictures, one behind the other. */
  function channelsOf(pictures: readonly Picture[]): Picture {
    const equal = inEqualBands(pictures.map(drawDoubled));
    const channels = pictures.reduce((total, p) => total + p.channels, 0);
    return { ...equal[0]!, channels, parts: equal.flatMap(({ parts }) => parts) };
  }

  /** Pictures of one size, all in bands of the height of the lowest. */
  function inEqualBands(pictures: readonly Picture[]): Picture[] {
    const rows = Math.min(...pictures.map((p) => p.rows));
    return pictures.map((p) => inBandsOf(p, rows));
  }

  /** Each of `groups` groups of channels by its own mean and variance: another scale and shift, from sums over bands. */
  function normalised(p: Picture, groups: number, epsilon: number): Picture {
    const moments = p.parts.map((part) => momentsOf(p, part));
    const [mean, square] = [0, 1].map((index) =>
      join(
        moments.map((each) => each[index]!),
        3,
      ),
    ) as [string, string];
    const size = p.channels / groups;
    const grouped = (x: string) =>
      g.node("ReduceMean", [g.node("Reshape", [x, shape(0, groups, size)]), shape(2)], { keepdims: 1 });
    const ungrouped = (x: string) =>
      g.node("Reshape", [
        g.node("Mul", [x, g.constant("float", Array<number>(size).fill(1), [1, 1, size])]),
        shape(0, 1, 1, p.channels),
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

  /** Means of the values and of their squares in each channel, [N, 1, 1, channels] both. */
  function momentsOf({ rows, width, height }: Picture, part: Part): [mean: string, square: string] {
    const { bands, channels, isInteger, whole, scale, shift } = part;
    const flat = (x: string, pixels: number) => g.node("Reshape", [x, shape(0, 1, pixels, channels)]);
    const perPixel = g.constant("float", [1 / (height * width)], []);
    const total = (values: readonly string[]) => {
      const ones = g.constant("float", Array<number>(rows * width).fill(1), [1, rows * width]);
      const sums = values.map((x) => g.node("MatMul", [ones, x]));
      return g.node("Mul", [sums.length === 1 ? sums[0]! : g.node("Sum", sums), perPixel]);
    };
    const integerTotal = (x: string) => {
      const ones = g.constant("uint8", Array<number>(height * width).fill(1), [1, height * width]);
      const sum = g.node("MatMulInteger", [ones, flat(x, height * width)]);
      return g.node("Mul", [g.node("Cast", [sum], { to: FLOAT }), perPixel]);
    };
    // flat before it is cast: otherwise ONNX Runtime would take it for what inFloats casts, and keep it until then
    const floats = bands.map((band) => {
      const x = flat(band, rows * width);
      return isInteger ? g.node("Cast", [x], { to: FLOAT }) : x;
    });
    let square = total(floats.map((x) => g.node("Mul", [x, x])));
    let mean = isInteger && whole !== undefined ? integerTotal(whole) : total(floats);
    if (scale !== undefined) {
      mean = g.node("Mul", [mean, scale]);
      square = g.node("Mul", [square, g.node("Mul", [scale, scale])]);
    }
    if (shift !== undefined) {
      const twice = g.node("Add", [g.node("Add", [mean, mean]), shift]);
      square = g.node("Add", [square, g.node("Mul", [twice, shift])]);
      mean = g.node("Add", [mean, shift]);
    }
    return [mean, square];
  }

  /** A picture in the integers that a convolution takes. */
  function rounded(p: Picture, { step, steps, zeroPoint }: Rounding): Picture {
    const one = g.constant("float", [1]);
    const stepped = steps === 1 ? p : scaled(p, g.node("Reciprocal", [step]), undefined);
    const floats = inFloats({ ...stepped, isDoubled: false });
    const integers = eachBand(floats, (band) => g.node("QuantizeLinear", [band, steps === 1 ? step : one, zeroPoint]));
    const parts = [{ bands: joinedBands(integers.parts), channels: p.channels, isInteger: true }];
    return drawDoubled({ ...integers, parts, isDoubled: p.isDoubled });
  }

  /** Convolution of a picture of integers: bands, a few of them together, are the pictures of a batch, each with the rows beside it, so that what ONNX
   * Runtime gathers for the product stays in the cache too.
   * @param parameters the inputs of QLinearConv for a picture */
  function convolved(
    p: Picture,
    parameters: (x: string) => readonly string[],
    { kernel, stride, out, zeroPoint }: ConvolutionSizes,
  ): Picture {
    const { height, width, channels, batch } = p;
    const margin = (kernel - 1) / 2;
    const above = margin;
    const below = stride === 1 ? margin : 0; // with a stride of 2 the last row taken of a band is its last
    const few = rowsFor(height, width, CONVOLVED_PIXELS);
    const rows = few % stride === 0 && few >= margin ? few : height;
    const x = rows % p.rows === 0 && p.rows >= margin ? p : inBandsOf(p, rows);
    const bands = x.parts[0]!.bands;
    const together = rows / x.rows;
    const beside = (band: string | undefined, from: number, to: number) => {
      if (from === to) return [];
      return [band === undefined ? blank(bands[0]!, to - from) : rowsOf(band, from, to)];
    };
    const blank = (like: string, count: number) => {
      const value = g.node("Reshape", [zeroPoint, shape(1, 1, 1, 1)]);
      return g.node("Expand", [value, g.node("Shape", [rowsOf(like, 0, count)])]);
    };
    const parts = Array.from({ length: bands.length / together }, (_, i) => i * together).flatMap((first) => [
      ...beside(bands[first - 1], x.rows - above, x.rows),
      ...bands.slice(first, first + together),
      ...beside(bands[first + together], 0, below),
    ]);
    const images = g.node("Reshape", [join(parts, 1), shape(-1, above + rows + below, width, channels)]);
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [0, margin, 0, margin],
      channels_last: 1,
    };
    const y = g.node("QLinearConv", parameters(images), attributes, MICROSOFT);
    const size = { height: height / stride, width: width / stride };
    const whole = g.node("Reshape", [y, shape(-1, size.height, size.width, out)]);
    g.values.push({ name: whole, type: "uint8", dims: [batch, size.height, size.width, out] });
    const part = { bands: [whole], channels: out, isInteger: true, whole };
    const all = { batch, ...size, rows: size.height, parts: [part], channels: out, isDoubled: false };
    return inBandsOf(all, rowsWith(out, size.height, size.width));
  }

  /** Tensor [N, C, H, W] of a picture, as the value `name`. */
  function toChannelsFirst(p: Picture, name: string): void {
    const { bands } = inOnePart(p).parts[0]!;
    const floats = bands.map((band) => g.node("Transpose", [band], { perm: [0, 3, 1, 2] }));
    g.nodes.push(
      floats.length === 1
        ? { op: "Identity", domain: "", inputs: floats, outputs: [name], attributes: {} }
        : { op: "Concat", domain: "", inputs: floats, outputs: [name], attributes: { axis: 2 } },
    );
  }

  /** Tokens [N, HW, C] of a picture, as the value `name`. */
  function toTokens(p: Picture, name: string): void {
    const { parts, height, width, channels } = inOnePart(p);
    const inputs = [join(parts[0]!.bands, 1), shape(0, height * width, channels)];
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
