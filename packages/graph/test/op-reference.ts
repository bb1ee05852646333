/* Operators as plain sums in float64, to compare devices with. */

/** An array with its shape, row-major. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** The array of a shape whose element at each index is `f` of that index. */
function generate(dims: readonly number[], f: (index: readonly number[]) => number): Numbers {
  const data = Array.from({ length: sizeOf(dims) }, (_, i) => {
    const index: number[] = [];
    for (const dim of dims.toReversed()) {
      index.unshift(i % dim);
      i = Math.floor(i / dim);
    }
    return f(index);
  });
  return { dims, data };
}

/** The element at an index; axes that the array lacks in front are left out, those of size 1 repeat. */
function at({ dims, data }: Numbers, index: readonly number[]): number {
  const own = index.slice(index.length - dims.length);
  return data[dims.reduce((offset, dim, i) => offset * dim + (dim === 1 ? 0 : own[i]!), 0)]!;
}

export function map({ dims, data }: Numbers, f: (value: number, i: number) => number): Numbers {
  return { dims, data: data.map(f) };
}

/** f over two arrays, broadcast. */
export function zip(a: Numbers, b: Numbers, f: (a: number, b: number) => number): Numbers {
  const rank = Math.max(a.dims.length, b.dims.length);
  const padded = ({ dims }: Numbers) => [...Array<number>(rank - dims.length).fill(1), ...dims];
  const other = padded(b);
  const dims = padded(a).map((dim, i) => Math.max(dim, other[i]!));
  return generate(dims, (index) => f(at(a, index), at(b, index)));
}

export function concat(a: Numbers, b: Numbers, axis: number): Numbers {
  const first = a.dims[axis]!;
  return generate(a.dims.with(axis, first + b.dims[axis]!), (index) =>
    index[axis]! < first ? at(a, index) : at(b, index.with(axis, index[axis]! - first)),
  );
}

export function slice(x: Numbers, axis: number, start: number, end: number): Numbers {
  return generate(x.dims.with(axis, end - start), (index) => at(x, index.with(axis, index[axis]! + start)));
}

export function transpose(x: Numbers, order: readonly number[]): Numbers {
  const dims = order.map((axis) => x.dims[axis]!);
  return generate(dims, (index) => {
    const from: number[] = [];
    for (const [i, axis] of order.entries()) from[axis] = index[i]!;
    return at(x, from);
  });
}

/** [..., M, K] times [..., K, N]; leading axes broadcast. */
export function matmul(a: Numbers, b: Numbers): Numbers {
  const lead = (a.dims.length < b.dims.length ? b : a).dims.slice(0, -2);
  const inner = a.dims.at(-1)!;
  return generate([...lead, a.dims.at(-2)!, b.dims.at(-1)!], (index) => {
    const [outer, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(a, [...outer, row, k]) * at(b, [...outer, k, column]);
    return sum;
  });
}

/** Convolution of [N, C, H, W] with [O, C, k, k]. */
export function conv(
  x: Numbers,
  weight: Numbers,
  bias: Numbers | undefined,
  { stride = 1, padding = 0 }: { stride?: number; padding?: number | readonly number[] },
): Numbers {
  const [n, channels, height, width] = x.dims as [number, number, number, number];
  const [out, , kernel] = weight.dims as [number, number, number];
  const [top, left, bottom, right] = (typeof padding === "number" ? Array(4).fill(padding) : padding) as number[];
  const size = (length: number, zeros: number) => Math.floor((length + zeros - kernel) / stride) + 1;
  const pixel = (row: number, channel: number, h: number, w: number) =>
    h < 0 || w < 0 || h >= height || w >= width ? 0 : x.data[((row * channels + channel) * height + h) * width + w]!;
  return generate([n, out, size(height, top! + bottom!), size(width, left! + right!)], ([row, o, h, w]) => {
    let sum = bias?.data[o!] ?? 0;
    for (let i = 0; i < channels * kernel * kernel; i++) {
      const [channel, dy, dx] = [Math.floor(i / kernel ** 2), Math.floor(i / kernel) % kernel, i % kernel];
      sum +=
        weight.data[o! * channels * kernel ** 2 + i]! *
        pixel(row!, channel, h! * stride + dy - top!, w! * stride + dx - left!);
    }
    return sum;
  });
}

/** Each row of the last axis less its mean, over the root of its variance plus epsilon. */
export function normalise(x: Numbers, epsilon: number): Numbers {
  const length = x.dims.at(-1)!;
  const data = Array.from({ length: x.data.length / length }, (_, row) => {
    const values = x.data.slice(row * length, (row + 1) * length);
    const mean = values.reduce((sum, value) => sum + value, 0) / length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    return values.map((value) => (value - mean) / Math.sqrt(variance + epsilon));
  });
  return { dims: x.dims, data: data.flat() };
}

/** Softmax over the last axis. */
function softmax(x: Numbers): Numbers {
  const length = x.dims.at(-1)!;
  const data = Array.from({ length: x.data.length / length }, (_, row) => {
    const values = x.data.slice(row * length, (row + 1) * length);
    const largest = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - largest));
    const total = powers.reduce((sum, value) => sum + value, 0);
    return powers.map((value) => value / total);
  });
  return { dims: x.dims, data: data.flat() };
}

/** softmax(q k^T / sqrt(C / heads) + bias) v, per head. */
export function attention([q, k, v]: readonly [Numbers, Numbers, Numbers], heads: number, bias?: Numbers): Numbers {
  const width = q.dims[2]!;
  const perHead = (x: Numbers, order: number[]) =>
    transpose({ dims: [x.dims[0]!, x.dims[1]!, heads, width / heads], data: x.data }, order);
  const products = matmul(perHead(q, [0, 2, 1, 3]), perHead(k, [0, 2, 3, 1]));
  const scaled = map(products, (value) => value / Math.sqrt(width / heads));
  const scores = bias === undefined ? scaled : zip(scaled, bias, (a, b) => a + b);
  const seen = transpose(matmul(softmax(scores), perHead(v, [0, 2, 1, 3])), [0, 2, 1, 3]);
  return { dims: q.dims, data: seen.data };
}

/** Pictures [N, C, H, W] at another size, each pixel from those of its channel. */
export function resample(
  x: Numbers,
  [height, width]: readonly [number, number],
  f: (place: readonly [number, number], at: (row: number, column: number) => number) => number,
): Numbers {
  return generate([x.dims[0]!, x.dims[1]!, height, width], ([n, c, row, column]) =>
    f([row!, column!], (r, s) => at(x, [n!, c!, r, s])),
  );
}

/** [cos(t f_0), ..., sin(t f_0), ...] with f_i = 10000^(-i / (width / 2)). */
export function timestepEmbedding(t: Numbers, width: number): Numbers {
  const half = width / 2;
  return generate([t.dims[0]!, width], ([row, i]) => {
    const frequency = Math.fround(Math.exp(Math.fround((-Math.log(10000) * (i! % half)) / half)));
    const angle = Math.fround(t.data[row!]! * frequency);
    return i! < half ? Math.cos(angle) : Math.sin(angle);
  });
}

/** The share of the normal distribution below x: Maclaurin's series of the error function, which converges for all x. */
export function normalDistribution(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= -(x * x) / (2 * n);
    sum += term / (2 * n + 1);
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI);
}
