import {
  averagePool2,
  causalMask,
  causalSelfAttention,
  clip,
  concat,
  conv,
  div,
  exp,
  expand,
  expandRows,
  gather,
  gelu,
  gemm,
  groupRows,
  maskBias,
  matmul,
  multiHeadAttention,
  pad,
  quickGelu,
  reshape,
  resizeNearest,
  silu,
  sizeAlong,
  skipLayerNormalization,
  slice,
  sliceFrom,
  stack,
  timestepEmbedding,
  transpose,
  upsampleNearest2,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import * as ops from "../src/ops.js";
import { checkOp, graphOf, inputsOf, opCases } from "./op-cases.js";
import { emptyGraph, runGraph } from "./support.js";

const count = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The result of `build` on one input, with the shape that was inferred checked against the one that came. */
async function apply(
  dims: number[],
  data: number[],
  build: (g: GraphBuilder, x: Value) => Value,
  named = dims as (number | string)[],
) {
  const g = emptyGraph();
  const y = build(g, g.input("x", "float", named));
  g.output("y", y);
  const result = (await runGraph(g, { x: { data, dims } }))["y"]!;
  result.dims.forEach((dim, i) => expect(typeof y.dims[i] === "number" ? y.dims[i] : dim).toBe(dim));
  expect(y.dims.length).toBe(result.dims.length);
  return result;
}

describe("operators compute what they say, and infer the shape that comes out", () => {
  it("slice, pad, expand, concat", async () => {
    const { data, dims } = await apply([1, 1, 3], [1, 2, 3], (g, x) => {
      const ends = slice(g, x, 2, 1, 3);
      return expand(g, concat(g, [pad(g, ends, 2, [1, 0]), x], 2), [1, 2, 1]);
    });
    expect(dims).toEqual([1, 2, 6]);
    expect(data).toEqual([0, 2, 3, 1, 2, 3, 0, 2, 3, 1, 2, 3]);
  });

  it("div, exp, clip", async () => {
    const { data } = await apply([2, 2], [1, -4, 9, 0.5], (g, x) =>
      clip(g, exp(g, div(g, x, g.constant("float", [1, 2], [2]))), 0.2, 5),
    );
    [Math.E, 0.2, 5, Math.exp(0.25)].forEach((value, i) => expect(data[i]).toBeCloseTo(value, 6));
  });

  it("resizeNearest takes the pixel above and to the left, for whole factors and others", async () => {
    const doubled = await apply([1, 1, 1, 2], [1, 2], (g, x) => resizeNearest(g, x, [2, 4]), ["N", 1, 1, 2]);
    expect(doubled.dims).toEqual([1, 1, 2, 4]);
    expect(doubled.data).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    const odd = await apply([1, 1, 2, 3], [1, 2, 3, 4, 5, 6], (g, x) => resizeNearest(g, x, [3, 5]));
    expect(odd.data).toEqual([1, 1, 2, 2, 3, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6]);
  });

  it("sliceFrom begins and ends where sizes that are known when the graph runs say, also counted from the end", async () => {
    const { data, dims } = await apply([2, 4], count(8), (g, x) => {
      const two = sizeAlong(g, x, 0);
      const lastThree = g.constant("int64", [-3], [1]);
      return concat(
        g,
        [
          sliceFrom(g, x, 1, { start: two, size: 2 }),
          sliceFrom(g, x, 1, { end: lastThree, size: 1 }),
          sliceFrom(g, x, 1, { start: lastThree, end: two, size: 1 }),
        ],
        1,
      );
    });
    expect(dims).toEqual([2, 4]);
    expect(data).toEqual([2, 3, 0, 1, 6, 7, 4, 5]);
  });

  it("stack, gather of one layer, groupRows", async () => {
    const { data, dims } = await apply([2, 2], [1, 2, 3, 4], (g, x) => {
      const layers = stack(g, [x, transpose(g, x, [1, 0])]);
      const second = gather(g, layers, g.constant("int64", [1], []));
      return groupRows(g, reshape(g, second, [4, 1]), second);
    });
    expect(dims).toEqual([2, 2, 1]);
    expect(data).toEqual([1, 3, 2, 4]);
  });

  it("matmul meets every matrix of a batch", async () => {
    const { data, dims } = await apply([2, 2, 1], [1, 2, 3, 4], (g, x) =>
      matmul(g, g.constant("float", [1, 10], [1, 2]), x),
    );
    expect(dims).toEqual([2, 1, 1]);
    expect(data).toEqual([21, 43]);
  });

  it("conv with zeros on two sides only", async () => {
    const { data } = await apply([1, 1, 2, 2], [1, 2, 3, 4], (g, x) =>
      conv(g, x, g.constant("float", [1, 1, 1, 1], [1, 1, 2, 2]), undefined, { padding: [1, 0, 0, 1] }),
    );
    expect(data).toEqual([3, 2, 10, 6]);
  });

  it("reshape and transpose with a named batch", async () => {
    const { data, dims } = await apply(
      [2, 4],
      count(8),
      (g, x) => transpose(g, reshape(g, x, ["N", 2, 2]), [0, 2, 1]),
      ["N", 4],
    );
    expect(dims).toEqual([2, 2, 2]);
    expect(data).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  });

  it("expandRows repeats one row for each row of the batch", async () => {
    const { data } = await apply([3, 1], [1, 2, 3], (g, x) => expandRows(g, g.constant("float", [7, 8], [1, 2]), x), [
      "N",
      1,
    ]);
    expect(data).toEqual([7, 8, 7, 8, 7, 8]);
  });

  it("resampling by 2", async () => {
    expect((await apply([1, 1, 2, 2], [1, 2, 3, 6], averagePool2)).data).toEqual([3]);
    expect((await apply([1, 1, 1, 2], [1, 2], upsampleNearest2)).data).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  it("activations", async () => {
    const xs = [-3, -0.5, 0, 0.5, 3];
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    expectClose(
      (await apply([5], xs, silu)).data,
      xs.map((x) => x * sigmoid(x)),
      { maxAbs: 1e-6 },
    );
    expectClose(
      (await apply([5], xs, quickGelu)).data,
      xs.map((x) => x * sigmoid(1.702 * x)),
      { maxAbs: 1e-6 },
    );
    const phi = [0.0013499, 0.30853754, 0.5, 0.69146246, 0.9986501]; // the normal distribution's table
    expectClose(
      (await apply([5], xs, gelu)).data,
      xs.map((x, i) => x * phi[i]!),
      { maxAbs: 1e-6 },
    );
  });

  it("timestepEmbedding puts the cosines first", async () => {
    const { data } = await apply([1], [999], (g, t) => timestepEmbedding(g, t, 4));
    expectClose(data, [Math.cos(999), Math.cos(9.99), Math.sin(999), Math.sin(9.99)], { maxAbs: 1e-4 }); // float32 angles near 1000
  });

  it("causal attention lets a token see itself and those before it", async () => {
    // The scores are equal, so that each output is the mean of the values that are seen.
    const { data } = await apply([1, 3, 2], [0, 2, 0, 4, 0, 9], (g, x) => {
      const zero = matmul(g, x, g.constant("float", [0, 0, 0, 0], [2, 2]));
      return multiHeadAttention(g, [zero, zero, x], 1, causalMask(g, 3));
    });
    expectClose(data, [0, 2, 0, 3, 0, 5], { maxAbs: 1e-6 });
  });

  it("maskBias is 0 for a token and -10000 for padding", async () => {
    expect((await apply([1, 3], [1, 1, 0], maskBias)).data).toEqual([0, 0, -10000]);
  });
});

describe("operators agree with plain sums in float64", () => {
  it.each(Object.entries(opCases))("%s", async (_, test) => {
    const session = await InferenceSession.create(graphOf(test).graph.bytes);
    const feeds = inputsOf(test).map(({ data, dims }, i) => [`x${i}`, new Tensor("float32", data, dims)] as const);
    const { y } = await session.run(Object.fromEntries(feeds));
    await session.release();
    checkOp(test, { dims: y!.dims, data: y!.data as Float32Array });
  });

  it("every one of them", () => {
    const tested = new Set(Object.keys(opCases).map((name) => name.split(":")[0]));
    expect(Object.keys(ops).filter((name) => !tested.has(name))).toEqual([]);
  });
});

describe("operators refuse shapes they cannot take, where they are called", () => {
  it.each<[string, (g: GraphBuilder, x: Value) => unknown, RegExp]>([
    [
      "concat",
      (g, x) => concat(g, [x, g.constant("float", [1], [1])], 0),
      /concat: expected shapes that agree but for axis 0, got x \[2, 3\] and/,
    ],
    ["slice", (g, x) => slice(g, x, 1, 2, 4), /slice: expected axis 1 to hold \[2, 4\), got x \[2, 3\]/],
    ["reshape", (g, x) => reshape(g, x, [7]), /reshape: expected a shape that fits \[7\], got x \[2, 3\]/],
    ["matmul", (g, x) => matmul(g, x, x), /^matmul: expected \[\.\.\., M, K\] and \[\.\.\., K, N\], got x \[2, 3\]/],
    ["slice from below", (g, x) => slice(g, x, 1, -1, 2), /^slice: expected axis 1 to hold \[-1, 2\), got x \[2, 3\]$/],
    [
      "slice of a named axis",
      (g) => slice(g, g.input("n", "float", ["N", 3]), 0, 0, 1),
      /^slice: expected axis 0 to hold \[0, 1\), got n \[N, 3\]$/,
    ],
    [
      "concat of a named axis",
      (g, x) => concat(g, [x, g.input("n", "float", ["N", 3])], 0),
      /^concat: expected shapes that agree but for axis 0, got x \[2, 3\] and n \[N, 3\]$/,
    ],
    [
      "reshape with two unknown sizes",
      (g, x) => reshape(g, x, ["A", "B"]),
      /^reshape: expected a shape that fits \[A, B\], got x \[2, 3\]$/,
    ],
    ["reshape to fewer", (g, x) => reshape(g, x, [3, 1]), /^reshape: expected a shape that fits \[3, 1\]/],
    [
      "expand",
      (g, x) => expand(g, x, [4, 3]),
      /^expand: expected axes of size 1 where \[4, 3\] grows, got x \[2, 3\]$/,
    ],
    [
      "gemm of more axes",
      (g) => gemm(g, g.input("a", "float", [1, 2, 3]), g.input("w", "float", [5, 2]), undefined),
      /^gemm: expected \[M, K\] and a weight \[N, K\], got a \[1, 2, 3\] and w \[5, 2\]$/,
    ],
    [
      "gemm of other widths",
      (g, x) => gemm(g, x, g.input("w", "float", [5, 4]), undefined),
      /^gemm: expected \[M, K\]/,
    ],
    [
      "attention of pictures",
      (g) => {
        const q = g.input("q", "float", [1, 2, 4, 4]);
        return multiHeadAttention(g, [q, q, q], 2);
      },
      /^multiHeadAttention: expected \[N, L, C\], \[N, S, C\] and \[N, S, C\], got q \[1, 2, 4, 4\]/,
    ],
    [
      "attention of heads that do not divide its width",
      (g) => {
        const q = g.input("q", "float", [1, 2, 4]);
        return multiHeadAttention(g, [q, q, q], 3);
      },
      /^multiHeadAttention: expected a width in 3 equal heads, got q \[1, 2, 4\]$/,
    ],
    [
      "attention with a bias of other sizes",
      (g) => {
        const q = g.input("q", "float", [1, 2, 4]);
        return multiHeadAttention(g, [q, q, q], 2, g.input("b", "float", [1, 1, 2, 3]));
      },
      /^multiHeadAttention: expected a bias \[1 or N, 1, 2, 2\], got b \[1, 1, 2, 3\]$/,
    ],
    [
      "causal attention with the weights of another width",
      (g) => {
        const [x, weight] = [g.input("x3", "float", [1, 2, 4]), g.input("w", "float", [12, 5])];
        const [bias, mask] = [g.input("b", "float", [12]), g.input("m", "int32", [1, 2])];
        const past = g.input("past", "float", [2, 1, 2, 0, 2]);
        return causalSelfAttention(g, x, { heads: 2, weight, bias, mask, past });
      },
      /^causalSelfAttention: expected \[N, L, C\], \[3 C, C\] and \[3 C\], got x3 \[1, 2, 4\] and w \[12, 5\]/,
    ],
    [
      "causal attention with the past of other heads",
      (g) => {
        const [x, weight] = [g.input("x3", "float", [1, 2, 4]), g.input("w", "float", [12, 4])];
        const [bias, mask] = [g.input("b", "float", [12]), g.input("m", "int32", [1, 2])];
        const past = g.input("past", "float", [2, 1, 4, 5, 1]);
        return causalSelfAttention(g, x, { heads: 2, weight, bias, mask, past });
      },
      /^causalSelfAttention: expected keys and values \[2, 1, 2, 5, 2\], got past \[2, 1, 4, 5, 1\]$/,
    ],
    [
      "skipLayerNormalization of two shapes",
      (g, x) => skipLayerNormalization(g, [x, g.input("b", "float", [1, 3])], [x, x], 1e-5),
      /^skipLayerNormalization: expected two values of one shape and a weight as long as the last axis, got x/,
    ],
    [
      "shapes that do not broadcast",
      (g, x) => div(g, x, g.input("b", "float", [2, 2])),
      /^div: expected shapes that broadcast, got x \[2, 3\] and b \[2, 2\]$/,
    ],
    [
      "averagePool2",
      (g) => averagePool2(g, g.input("p", "float", [1, 1, 3, 4])),
      /expected an even height and width, got p \[1, 1, 3, 4\]/,
    ],
  ])("%s", (_, build, message) => {
    const g = emptyGraph();
    expect(() => build(g, g.input("x", "float", [2, 3]))).toThrow(message);
  });
});
