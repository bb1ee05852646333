import {
  add,
  causalSelfAttention,
  conv,
  createGraphBuilder,
  gemm,
  matmul,
  multiHeadAttention,
  type GraphBuilder,
} from "@unclip/graph";
import { describe, expect, it } from "vitest";
import { readKarloDecoderConfig, karloUnet } from "@unclip/decoder";
import { karlo } from "../src/families/karlo.js";
import { countFlops, sizesOf } from "../src/flops.js";

const emptyGraph = () => createGraphBuilder({ name: "test", checkpoint: { name: "test", weights: new Map() } });
const zeros = (g: GraphBuilder, dims: number[]) =>
  g.constant("float", Array<number>(dims.reduce((a, b) => a * b)).fill(0), dims);

describe("countFlops", () => {
  it("counts two for each multiplication of a matrix product", () => {
    const g = emptyGraph();
    const x = g.input("x", "float", ["N", 5]);
    g.output("y", gemm(g, x, zeros(g, [7, 5]), undefined));
    expect(countFlops(g.finish(), { N: 3 })).toBe(2 * 3 * 5 * 7);
  });

  it("counts a convolution by its kernel and the pixels it makes", () => {
    const g = emptyGraph();
    const x = g.input("x", "float", ["N", 4, 8, 8]);
    g.output("y", conv(g, x, zeros(g, [6, 4, 3, 3]), undefined, { padding: 1, stride: 2 }));
    expect(countFlops(g.finish(), { N: 2 })).toBe(2 * 2 * (6 * 4 * 4) * (4 * 3 * 3));
  });

  it("counts both products of attention", () => {
    const g = emptyGraph();
    const [q, kv] = [g.input("q", "float", [1, 10, 8]), g.input("kv", "float", [1, 13, 8])];
    g.output("y", multiHeadAttention(g, [q, kv, kv], 2));
    expect(countFlops(g.finish(), {})).toBe(2 * 2 * 10 * 13 * 8);
  });

  it("counts the product that makes q, k and v with the attention that has it", () => {
    const g = emptyGraph();
    const [x, past] = [g.input("x", "float", [1, 3, 8]), g.input("past", "float", [2, 1, 2, 10, 4])];
    const [weight, bias, mask] = [zeros(g, [24, 8]), zeros(g, [24]), g.constant("int32", Array(13).fill(1), [1, 13])];
    g.output("y", causalSelfAttention(g, x, { heads: 2, weight, bias, mask, past }).output);
    expect(countFlops(g.finish(), {})).toBe(2 * (3 * 8 * 24 + 2 * 3 * 13 * 8));
  });

  it("leaves out what is done once for each value, and what depends on no input", () => {
    const g = emptyGraph();
    const x = g.input("x", "float", [2, 2]);
    g.output("y", add(g, x, matmul(g, zeros(g, [2, 2]), zeros(g, [2, 2]))));
    expect(countFlops(g.finish(), {})).toBe(0);
  });

  it("asks for the sizes of named dimensions", () => {
    const g = emptyGraph();
    g.output("y", gemm(g, g.input("x", "float", ["81-P", 5]), zeros(g, [7, 5]), undefined));
    const graph = g.finish();
    expect(countFlops(graph, { P: 78 })).toBe(2 * 3 * 5 * 7);
    expect(() => countFlops(graph, {})).toThrow("the size of dimension P is not given");
    expect(sizesOf(graph, { x: { dims: [3, 5] } })).toEqual({ "81-P": 3 });
  });
});

it("the first level of Karlo's decoder takes 17 % of the network's operations", () => {
  const config = readKarloDecoderConfig(karlo.configs(1)["decoder"]!, "decoder");
  const weight = (key: string, dims: readonly number[]) => ({
    key,
    file: "x",
    type: "F32" as const,
    dims,
    offset: 0,
    sizeBytes: 0,
  });
  const checkpoint = { name: "decoder", weights: new Map(), plan: weight };
  const [whole, level] = ([undefined, "input"] as const).map((deep) =>
    countFlops(karloUnet(config, checkpoint, deep), { N: 1, T: 81 }),
  ) as [number, number];
  expect(level / whole).toBeCloseTo(0.174, 3);
});
