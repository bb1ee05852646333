import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { checkOp, graphOf, inputsOf, opCases } from "./op-cases.js";

const attentions = Object.entries(opCases).filter(([name]) => /^(multiHeadAttention|causalSelfAttention)/.test(name));
const others = Object.entries(opCases).filter(([name]) => ["add", "causalMask"].includes(name));

describe("plainBytes", () => {
  it.each(attentions)("%s computes the same without the fused operator", async (_, test) => {
    const { graph } = graphOf(test);
    const { node } = fromBinary(ModelProtoSchema, graph.plainBytes()).graph!;
    const fused = node.map(({ opType }) => opType).filter((op) => op.endsWith("Attention"));
    expect(fused).toEqual([]);
    const session = await InferenceSession.create(graph.plainBytes());
    const feeds = inputsOf(test).map(({ data, dims }, i) => [
      `x${i}`,
      new Tensor("float32", Float32Array.from(data), dims),
    ]);
    const { y } = await session.run(Object.fromEntries(feeds));
    await session.release();
    checkOp(test, { dims: y!.dims, data: y!.data as Float32Array });
  });

  it.each(others)("%s is left as it is", (_, test) => {
    const { graph } = graphOf(test);
    expect(graph.plainBytes()).toEqual(graph.bytes);
  });
});
