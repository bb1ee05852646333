import { fromBinary } from "@bufbuild/protobuf";
import {
  add,
  concat,
  conv2d,
  createCheckpoint,
  createGraphBuilder,
  groupNorm,
  layerNorm,
  linear,
  matmul,
  mul,
  multiHeadAttention,
  reshape,
  silu,
  sub,
  timestepEmbedding,
  transpose,
  type GraphBuilder,
  type WeightType,
} from "@unclip/graph";
import { ModelProtoSchema, TensorProto_DataType, type GraphProto } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { graphOf, inputsOf, opCases } from "./op-cases.js";
import { rounded, typesOf } from "./rounded.js";
import { emptyGraph } from "./support.js";

const { FLOAT, FLOAT16, BFLOAT16, INT8 } = TensorProto_DataType;
const BYTES = { F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I8: 1, U8: 1 };

/** The graph of a file in float16. */
const halfOf = (g: GraphBuilder, isFused = false) => fromBinary(ModelProtoSchema, g.finish().halfBytes(isFused)).graph!;

/** A builder over weights of which only types and shapes count. */
function builderOver(weights: Record<string, readonly [WeightType, readonly number[]]>): GraphBuilder {
  const entries = Object.entries(weights).map(([key, [type, dims]]) => {
    const sizeBytes = BYTES[type] * dims.reduce((a, b) => a * b, 1);
    return [key, { type, dims, offset: 0, sizeBytes }] as const;
  });
  return createGraphBuilder({ name: "test", checkpoint: createCheckpoint("test", new Map([["w", new Map(entries)]])) });
}

/** Operators by the type of what they give, and the Casts from each type to each. */
function kindsOf(graph: GraphProto) {
  const types = typesOf(graph);
  const of = (type: number) =>
    new Set(
      graph.node
        .filter(({ opType, output }) => opType !== "Cast" && types.get(output[0]!) === type)
        .map(({ opType }) => opType),
    );
  const casts = graph.node.filter(({ opType }) => opType === "Cast");
  return { types, casts, half: of(FLOAT16), float: of(FLOAT) };
}

/** Throws if a value is cast twice to one type, or what was cast is cast again. */
function expectFewCasts(graph: GraphProto) {
  const { types, casts } = kindsOf(graph);
  const ways = casts.map(({ input, output }) => `${input[0]} ${types.get(output[0]!)}`);
  expect(new Set(ways).size).toBe(ways.length);
  const made = new Set(casts.map(({ output }) => output[0]));
  expect(casts.filter(({ input }) => made.has(input[0]))).toEqual([]);
}

describe("a network in float16", () => {
  const g = builderOver({
    "time.weight": ["F32", [8, 4]],
    "time.bias": ["F32", [8]],
    "conv.weight": ["F32", [8, 3, 3, 3]],
    "conv.bias": ["F32", [8]],
    "norm.weight": ["F32", [8]],
    "norm.bias": ["F32", [8]],
    "token_norm.weight": ["F16", [8]],
    "token_norm.bias": ["F16", [8]],
    "out.weight": ["F16", [8, 8]],
    "out.bias": ["F16", [8]],
  });
  const x = g.input("x", "float", ["N", 3, 4, 4]);
  const temb = linear(g, "time", timestepEmbedding(g, g.input("t", "float", ["N"]), 4), 8);
  const h = add(g, conv2d(g, "conv", x, 8, { kernel: 3, padding: 1 }), reshape(g, temb, ["N", 8, 1, 1]));
  const normed = silu(g, groupNorm(g, "norm", h, 2));
  const tokens = layerNorm(g, "token_norm", transpose(g, reshape(g, normed, ["N", 8, 16]), [0, 2, 1]));
  g.output("y", linear(g, "out", multiHeadAttention(g, [tokens, tokens, tokens], 2), 8));
  const graph = halfOf(g);

  it("has its products in it, and what lies between them", () => {
    const { half } = kindsOf(graph);
    expect([...half].sort()).toEqual(["Add", "Conv", "Gemm", "MatMul", "Mul", "QuickGelu", "Reshape", "Transpose"]);
  });

  it("has norms, softmax and the angles of its timesteps in float32", () => {
    const { float, types } = kindsOf(graph);
    const expected = ["Concat", "Cos", "Identity", "InstanceNormalization", "LayerNormalization", "Mul", "Reshape"];
    expect([...float].sort()).toEqual([...expected, "Sin", "Softmax"]);
    const sine = graph.node.find(({ opType }) => opType === "Sin")!;
    const angles = graph.node.find(({ output }) => output[0] === sine.input[0])!;
    expect(angles.input.map((name) => types.get(name))).toEqual([FLOAT, FLOAT]);
  });

  it("takes and gives float32", () => {
    for (const { type } of [...graph.input, ...graph.output])
      expect(type?.value).toMatchObject({ case: "tensorType", value: { elemType: FLOAT } });
    const { types } = kindsOf(graph);
    expect(graph.output.map(({ name }) => types.get(name))).toEqual([FLOAT]);
  });

  it("casts no value twice, and no cast value again", () => expectFewCasts(graph));

  it("leaves attention whole for devices that see to its softmax", () => {
    const fused = kindsOf(halfOf(g, true));
    expect(fused.half.has("MultiHeadAttention")).toBe(true);
    expect(fused.float.has("Softmax")).toBe(false);
  });
});

describe("weights in float16", () => {
  it.each<[WeightType, ...number[][]]>([["F32", [FLOAT, FLOAT16]], ["BF16", [BFLOAT16, FLOAT16]], ["F16"]])(
    "are cast from %s once, before they are used",
    (type, ...expected) => {
      const g = builderOver({ "l.weight": [type, [4, 4]], "l.bias": [type, [4]] });
      g.output("y", linear(g, "l", linear(g, "l", g.input("x", "float", ["N", 4]), 4), 4));
      const graph = halfOf(g);
      const { types, casts } = kindsOf(graph);
      const stored = new Set(graph.initializer.map(({ name }) => name));
      const ofWeights = casts.filter(({ input }) => stored.has(input[0]!));
      const ways = ofWeights.map(({ input, output }) => [input[0]!, output[0]!].map((name) => types.get(name)));
      expect(ways).toEqual([...expected, ...expected]); // weight and bias
      expectFewCasts(graph);
    },
  );

  it("become float32 where a norm takes them", () => {
    const g = builderOver({ "n.weight": ["F16", [4]], "n.bias": ["BF16", [4]] });
    g.output("y", layerNorm(g, "n", g.input("x", "float", ["N", 4])));
    const { types, casts } = kindsOf(halfOf(g));
    expect(casts.map(({ output }) => types.get(output[0]!))).toEqual([FLOAT, FLOAT]);
  });

  it("of int8 are dequantised in float32, and then cast", () => {
    const { graph } = graphOf(opCases["int8Conv: a step for each channel"]!);
    const half = fromBinary(ModelProtoSchema, graph.halfBytes(false)).graph!;
    const { types, casts, float } = kindsOf(half);
    expect(
      casts.filter(({ input }) => types.get(input[0]!) === INT8).map(({ output }) => types.get(output[0]!)),
    ).toEqual([FLOAT]);
    expect([...float]).toEqual(expect.arrayContaining(["Div", "Mul"]));
    expectFewCasts(half);
  });

  it("that are only moved stay as they are stored", () => {
    const g = builderOver({ weight: ["F16", [4, 2]] });
    const weight = transpose(g, g.weight("weight", [4, 2]), [1, 0]);
    g.output("y", matmul(g, g.input("x", "float", ["N", 2]), concat(g, [weight, weight], 1)));
    const { half, casts } = kindsOf(halfOf(g));
    expect([...half].sort()).toEqual(["Concat", "MatMul", "Transpose"]);
    expect(casts).toHaveLength(2); // x, and y
  });
});

describe("convolutions in float16", () => {
  it("are plain ones, without Winograd's transforms", () => {
    const wide = [256, 128, 3, 3];
    const g = builderOver({ "c.weight": ["F16", wide], "c.bias": ["F16", [256]] });
    g.output("y", conv2d(g, "c", g.input("x", "float", ["N", 128, 16, 16]), 256, { kernel: 3, padding: 1 }));
    expect(g.finish().model.nodes.filter(({ op }) => op === "MatMul").length).toBeGreaterThan(0);
    const graph = halfOf(g);
    const convolutions = graph.node.filter(({ opType }) => opType === "Conv");
    expect(convolutions).toHaveLength(1);
    expect(graph.node.filter(({ opType }) => ["MatMul", "Slice", "Sub"].includes(opType))).toEqual([]);
    expect(graph.initializer).toHaveLength(4); // two weights, two shapes
    const used = new Set(graph.node.flatMap(({ input }) => input));
    expect(graph.initializer.filter(({ name }) => !used.has(name))).toEqual([]);
  });
});

describe("operators in float16", () => {
  it.each(Object.entries(opCases))("%s", async (name, test) => {
    // At most 1.4e-3 was measured. Between scores of 30 and more, as the other one has them, softmax chooses: a step of float16 is 3 % there.
    const tolerance = name.startsWith("causalSelfAttention") ? 3e-2 : 2e-3;
    const { graph } = graphOf(test);
    const feeds = inputsOf(test).map(({ data, dims }, i) => [
      `x${i}`,
      new Tensor("float32", Float32Array.from(data), dims),
    ]);
    const { data } = test.expected(inputsOf(test));
    const scale = Math.max(...data.map(Math.abs));
    for (const isFused of [false, true]) {
      const session = await InferenceSession.create(rounded(graph.halfBytes(isFused)), { logSeverityLevel: 3 });
      const { y } = await session.run(Object.fromEntries(feeds));
      await session.release();
      const values = y!.data as Float32Array;
      const worst = Math.max(...data.map((value, i) => Math.abs(value - values[i]!)));
      expect(worst).toBeLessThanOrEqual(tolerance * scale);
    }
  });

  it("round what they give, here as on a graphics card", async () => {
    const g = emptyGraph();
    const one = g.constant("float", [1], [1, 1]);
    const many = g.constant("float", [1000], []);
    const x = matmul(g, g.input("x", "float", [1, 1]), one);
    g.output("y", mul(g, sub(g, add(g, x, many), many), one));
    const session = await InferenceSession.create(rounded(g.finish().halfBytes(false)));
    const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(0.3), [1, 1]) });
    await session.release();
    expect(y!.data[0]).toBe(0.5);
  });
});
