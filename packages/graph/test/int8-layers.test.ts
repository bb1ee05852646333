import { fromBinary } from "@bufbuild/protobuf";
import {
  add,
  averagePool2,
  concat,
  conv2d,
  createCheckpoint,
  createGraphBuilder,
  exp,
  groupNorm,
  linear,
  mul,
  reshape,
  silu,
  transpose,
  upsampleNearest2,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import { createRandom, tensor } from "@unclip/tensor";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession } from "onnxruntime-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../../test-support/index.js";

const BYTES = { F32: 4, I8: 1, U8: 1 };
type Part = readonly [type: keyof typeof BYTES, dims: readonly number[]];

const CONV: Record<string, Part> = {
  "c.weight": ["I8", [16, 32, 3, 3]],
  "c.weight_scale": ["F32", [16]],
  "c.input_scale": ["F32", [32]],
  "c.input_zero_point": ["U8", [1]],
  "c.output_scale": ["F32", [16]],
  "c.output_zero_point": ["U8", [16]],
  "c.bias": ["F32", [16]],
};
const LINEAR: Record<string, Part> = {
  "l.weight": ["I8", [64, 32]],
  "l.weight_scale": ["F32", [64]],
  "l.input_scale": ["F32", [1]],
  "l.input_zero_point": ["U8", [1]],
  "l.bias": ["F32", [64]],
};

/** A checkpoint of one file, "weights", and what is in it. */
function checkpointOf(parts: Record<string, Part>) {
  let offset = 0;
  const entries = Object.entries(parts).map(([key, [type, dims]]) => {
    const sizeBytes = dims.reduce((a, b) => a * b, 1) * BYTES[type];
    offset += sizeBytes;
    return [key, { type, dims, offset: offset - sizeBytes, sizeBytes }] as const;
  });
  return createCheckpoint("net", new Map([["weights", new Map(entries)]]));
}

function graphWith(
  parts: Record<string, Part>,
  build: (g: GraphBuilder, x: Value) => Value,
  dims: (number | string)[],
) {
  const g = createGraphBuilder({ name: "net", checkpoint: checkpointOf(parts) });
  g.output("y", build(g, g.input("x", "float", dims)));
  return g.finish();
}

const conv = (parts: Record<string, Part>) =>
  graphWith(parts, (g, x) => conv2d(g, "c", x, 16, { kernel: 3, padding: 1 }), ["N", 32, 8, 8]);
const dense = (parts: Record<string, Part>) => graphWith(parts, (g, x) => linear(g, "l", x, 64), ["N", "L", 32]);

describe("layers whose weights are int8", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "int8-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const values = {
    weight: (i: number) => ((i * 37) % 255) - 127,
    weight_scale: (i: number) => 1e-3 * (1 + (i % 3)),
    input_scale: (i: number) => 0.04 + 1e-3 * (i % 5),
    input_zero_point: () => 128,
    output_scale: (i: number) => 6 + 0.5 * (i % 2),
    output_zero_point: (i: number) => 120 + (i % 9),
    bias: (i: number) => i / 10,
  };
  /** Runs a graph whose weights have the numbers above. */
  const run = async (parts: Record<string, Part>, bytes: Uint8Array, dims: number[]) => {
    const files = Object.entries(parts).map(([key, [type, dims]]) => {
      const f = values[key.slice(2) as keyof typeof values];
      const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => f(i));
      const typed = { F32: Float32Array, I8: Int8Array, U8: Uint8Array }[type].from(numbers);
      return new Uint8Array(typed.buffer);
    });
    await writeFile(join(folder, "weights"), Buffer.concat(files));
    const session = await InferenceSession.create(bytes, {
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const { data } = createRandom(1).normal(dims);
    const { y } = await session.run({ x: tensor(data as Float32Array, dims) });
    await session.release();
    return y!;
  };

  it("compute in integers what their dequantised weights compute, to half a step of input and output", async () => {
    const dims = [2, 32, 8, 8];
    const graph = conv(CONV);
    const [integers, floats] = [await run(CONV, graph.bytes, dims), await run(CONV, graph.floatBytes(), dims)];
    expect(integers.dims).toEqual([2, 16, 8, 8]);
    const perInput = Math.sqrt(1 / 12) * 73 * 3e-3; // deviations: of rounding to steps, and of weights up to 127, in their largest scale
    const tolerance = 0.5 * 6.5 + 5 * perInput * Math.sqrt(32 * 9);
    const difference = largestDifference(integers.data as Float32Array, floats.data as Float32Array);
    expect(difference).toBeLessThan(tolerance);
    expect(difference).toBeGreaterThan(0);
  });

  it("give a picture in a batch what they give it alone", async () => {
    const graph = dense(LINEAR);
    const [two, one] = [await run(LINEAR, graph.bytes, [2, 7, 32]), await run(LINEAR, graph.bytes, [1, 7, 32])];
    expect(two.dims).toEqual([2, 7, 64]);
    const first = (two.data as Float32Array).slice(0, 7 * 64);
    expect(largestDifference(first, one.data as Float32Array)).toBeLessThan(1e-5); // sums in another order
  });

  it("count as many bytes as they are stored in", () => {
    const float = conv({ "c.weight": ["F32", [16, 32, 3, 3]], "c.bias": ["F32", [16]] });
    expect(float.weightBytes).toBe(4 * (16 * 32 * 9 + 16));
    expect(conv(CONV).weightBytes).toBeLessThan(float.weightBytes / 3);
  });

  it("are dequantised where the weight is wanted by itself", async () => {
    const { "l.bias": _, ...rest } = LINEAR;
    const stored: Record<string, Part> = { ...rest, "l.input_scale": ["F32", [32]] };
    const graph = graphWith(stored, (g) => g.scope("l", () => g.weight("weight", [64, 32], [32, 64])), [1]);
    const { dims, data } = await run(stored, graph.bytes, [1]);
    expect(dims).toEqual([32, 64]);
    const expected = Array.from({ length: 64 * 32 }, (_, i) => {
      return (values.weight(i) * values.weight_scale(Math.floor(i / 32))) / values.input_scale(i % 32);
    });
    expect(largestDifference(data as Float32Array, expected)).toBeLessThan(1e-6 * 127 * 0.1); // float32 rounding
  });

  it("tell the graph's layers, unless they are int8 already", () => {
    const float = conv({ "c.weight": ["F32", [16, 32, 3, 3]], "c.bias": ["F32", [16]] });
    expect(float.layers).toMatchObject([
      {
        kind: "conv",
        key: "c.weight",
        uses: [{ x: { name: "x" } }],
        attributes: { strides: [1, 1] },
        bias: { dims: [16] },
      },
    ]);
    expect(conv(CONV).layers).toEqual([]);
  });

  it.each([
    ["c.weight_scale", undefined, /1 missing: c\.weight_scale/],
    ["c.input_scale", undefined, /1 missing: c\.input_scale/],
    ["c.input_zero_point", undefined, /1 missing: c\.input_zero_point/],
    ["c.output_scale", undefined, /1 missing: c\.output_scale/],
    ["c.output_zero_point", undefined, /1 missing: c\.output_zero_point/],
    ["c.weight_scale", ["F32", [15]], /c\.weight_scale: expected \[16\], got \[15\]/],
    ["c.input_scale", ["F32", [31]], /c\.input_scale: expected \[32\], got \[31\]/],
    ["c.output_scale", ["U8", [16]], /c\.output_scale: expected F32, got U8/],
    ["c.output_zero_point", ["F32", [16]], /c\.output_zero_point: expected U8, got F32/],
    ["c.weight", ["U8", [16, 32, 3, 3]], /c\.weight: expected numbers with a sign or a fraction, got U8/],
    ["c.more", ["F32", [1]], /1 extra: c\.more/],
  ] as const)("are refused in one sentence where %s is %j", (key, part, message) => {
    const { [key]: _, ...rest } = CONV;
    const parts = part === undefined ? rest : { ...rest, [key]: part as Part };
    expect(() => conv(parts)).toThrow(message);
  });

  describe("in bands of rows", () => {
    const layer = (name: string, out: number, channels: number, kernel: number): Record<string, Part> => ({
      [`${name}.weight`]: ["I8", [out, channels, kernel, kernel]],
      [`${name}.weight_scale`]: ["F32", [out]],
      [`${name}.input_scale`]: ["F32", [channels]],
      [`${name}.input_zero_point`]: ["U8", [1]],
      [`${name}.output_scale`]: ["F32", [out]],
      [`${name}.output_zero_point`]: ["U8", [out]],
      [`${name}.bias`]: ["F32", [out]],
    });
    const norm: Record<string, Part> = { "n.weight": ["F32", [32]], "n.bias": ["F32", [32]] };
    const first = layer("c", 32, 32, 3);
    const both = { ...first, ...layer("d", 32, 32, 3) };
    const c = (g: GraphBuilder, x: Value) => conv2d(g, "c", x, 32, { kernel: 3, padding: 1 });
    const d = (g: GraphBuilder, x: Value) => conv2d(g, "d", x, 32, { kernel: 3, padding: 1 });
    const normed = (g: GraphBuilder, x: Value) => groupNorm(g, "n", x, 8);
    const perChannel = (g: GraphBuilder, x: Value) =>
      g.constant(
        "float",
        Array.from({ length: 32 }, (_, i) => 0.5 + i / 64),
        [1, x.dims[1] as number, 1, 1],
      );
    const small = 1e-5; // sums in another order, of numbers up to 1000
    const ofSquares = 2e-5; // and variances are small differences of sums of squares: 1.25e-5 was measured
    const steps = 0.03; // and some roundings the other way, in the layers behind

    it.each<[string, Record<string, Part>, number[], number, (g: GraphBuilder, x: Value) => Value]>([
      ["a kernel of 3x3", first, [96, 64], small, c],
      ["a height that is odd", first, [75, 64], small, c],
      ["one band", first, [8, 8], small, c],
      ["a kernel of 1x1", layer("c", 32, 32, 1), [96, 64], small, (g, x) => conv2d(g, "c", x, 32, { kernel: 1 })],
      ["a stride of 2", first, [96, 64], small, (g, x) => conv2d(g, "c", x, 32, { kernel: 3, padding: 1, stride: 2 })],
      ["a norm", { ...first, ...norm }, [96, 64], ofSquares, (g, x) => normed(g, c(g, x))],
      [
        "a norm with a scale and a shift, its activation and a convolution",
        { ...both, ...norm },
        [96, 64],
        steps,
        (g, x) => {
          const h = normed(g, add(g, c(g, x), perChannel(g, x)));
          return d(g, silu(g, add(g, mul(g, h, perChannel(g, x)), perChannel(g, x))));
        },
      ],
      ["a residual", first, [96, 64], small, (g, x) => add(g, x, c(g, x))],
      [
        "a norm, an activation and a convolution of the channels of two pictures",
        { ...first, ...layer("d", 32, 64, 3), "n.weight": ["F32", [64]], "n.bias": ["F32", [64]] },
        [96, 64],
        steps,
        (g, x) =>
          d(g, silu(g, groupNorm(g, "n", mul(g, concat(g, [c(g, x), x], 1), g.constant("float", [0.5], [1])), 8))),
      ],
      ["channels of another picture", first, [96, 64], small, (g, x) => concat(g, [c(g, x), x, c(g, x)], 1)],
      [
        "half the size",
        { ...both, ...norm },
        [96, 64],
        steps,
        (g, x) => d(g, averagePool2(g, silu(g, normed(g, c(g, x))))),
      ],
      [
        "twice the size",
        { ...both, ...norm },
        [48, 32],
        steps,
        (g, x) => {
          const h = normed(g, c(g, x));
          return add(g, upsampleNearest2(g, h), d(g, upsampleNearest2(g, silu(g, h))));
        },
      ],
      [
        "tokens and back",
        { ...first, ...norm },
        [96, 64],
        ofSquares,
        (g, x) => {
          const h = normed(g, c(g, x));
          const tokens = transpose(g, reshape(g, h, ["N", 32, 96 * 64]), [0, 2, 1]);
          const turned = transpose(g, silu(g, tokens), [0, 2, 1]);
          return add(g, reshape(g, turned, h.dims), h);
        },
      ],
      [
        "an operator between that wants channels first",
        { ...both, ...norm },
        [96, 64],
        steps,
        (g, x) => d(g, exp(g, normed(g, c(g, x)))),
      ],
    ])("compute the same with %s", async (_, parts, size, tolerance, build) => {
      const graph = graphWith(parts, build, ["N", 32, ...size]);
      const dims = [2, 32, ...size];
      const expected = await run(parts, graph.bytes, dims);
      for (const isTiled of [false, true]) {
        const bytes = graph.bandedBytes(isTiled);
        const y = await run(parts, bytes, dims);
        expect(y.dims).toEqual(expected.dims);
        expect(relativeError(y.data as Float32Array, expected.data as Float32Array)).toBeLessThan(tolerance);
        const { node } = fromBinary(ModelProtoSchema, bytes).graph!;
        const convolutions = node.filter(({ opType }) => opType === "QLinearConv");
        expect(convolutions.map(({ domain }) => domain)).toEqual(convolutions.map(() => "com.microsoft"));
      }
    });
  });
});

/** ‖a − b‖ / ‖b‖ */
function relativeError(a: Float32Array, b: Float32Array): number {
  const power = (values: Iterable<number>) => Array.from(values).reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(power(a.map((value, i) => value - b[i]!)) / power(b));
}
