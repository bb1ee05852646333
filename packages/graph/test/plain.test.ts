import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { checkOp, graphOf, inputsOf, opCases } from "./op-cases.js";

const attentions = Object.entries(opCases).filter(([name]) => /^(multiHeadAttention|causalSelfAttention)/.test(name));
const int8 = Object.entries(opCases).filter(([name]) => name.startsWith("int8"));
const others = Object.entries(opCases).filter(([name]) => ["add", "causalMask"].includes(name));

describe("floatBytes", () => {
  it.each(int8)("%s computes the same in float32", async (_, test) => {
    const { graph } = graphOf(test);
    const { node } = fromBinary(ModelProtoSchema, graph.floatBytes()).graph!;
    expect(node.filter(({ opType }) => /Quantize|QLinear|Integer/.test(opType))).toEqual([]);
    expect(graph.plainBytes()).toEqual(graph.floatBytes());
    await expectRight(test, graph.floatBytes());
  });

  it.each(int8)("%s computes in integers otherwise", (_, test) => {
    const { node } = fromBinary(ModelProtoSchema, graphOf(test).graph.bytes).graph!;
    const operators = node.map(({ opType }) => opType).filter((op) => /QLinearConv|MatMulIntegerToFloat/.test(op));
    expect(operators).toHaveLength(1);
    expect(node.filter(({ domain }) => domain === "unclip")).toEqual([]);
  });
});

describe("bandedBytes", () => {
  const isConv = ([name]: [string, unknown]) => name.startsWith("int8Conv");

  it.each(int8.filter(isConv))("%s computes the same with its channels last, in tiles or not", async (_, test) => {
    const { graph } = graphOf(test);
    for (const isTiled of [false, true]) {
      const { node, initializer } = fromBinary(ModelProtoSchema, graph.bandedBytes(isTiled)).graph!;
      const [convolution] = node.filter(({ opType }) => opType === "QLinearConv");
      expect(convolution!.domain).toBe("com.microsoft");
      expect(initializer.some(({ name }) => name === convolution!.input[5])).toBe(!isTiled);
      await expectRight(test, graph.bandedBytes(isTiled));
    }
  });

  it.each([...int8.filter((one) => !isConv(one)), ...others])("%s is left as it is", (_, test) => {
    const { graph } = graphOf(test);
    expect(graph.bandedBytes(true)).toEqual(graph.bytes);
  });
});

/** Runs a case as a file of its graph says. */
async function expectRight(test: (typeof opCases)[string], bytes: Uint8Array) {
  const session = await InferenceSession.create(bytes);
  const feeds = inputsOf(test).map(({ data, dims }, i) => [
    `x${i}`,
    new Tensor("float32", Float32Array.from(data), dims),
  ]);
  const { y } = await session.run(Object.fromEntries(feeds));
  await session.release();
  checkOp(test, { dims: y!.dims, data: y!.data as Float32Array });
}

describe("plainBytes", () => {
  it.each(attentions)("%s computes the same without the fused operator", async (_, test) => {
    const { graph } = graphOf(test);
    const { node } = fromBinary(ModelProtoSchema, graph.plainBytes()).graph!;
    const fused = node.map(({ opType }) => opType).filter((op) => op.endsWith("Attention"));
    expect(fused).toEqual([]);
    await expectRight(test, graph.plainBytes());
  });

  it.each(others)("%s is left as it is", (_, test) => {
    const { graph } = graphOf(test);
    expect(graph.plainBytes()).toEqual(graph.bytes);
  });
});
