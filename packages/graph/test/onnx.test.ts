import { fromBinary } from "@bufbuild/protobuf";
import { createCheckpoint, createGraphBuilder, encodeModel, linear } from "@unclip/graph";
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from "onnx-buf";
import { expect, it } from "vitest";

it("a graph reads back, field by field, with another library", () => {
  const bytes = encodeModel({
    name: "all",
    nodes: [
      {
        op: "Gemm",
        domain: "com.microsoft",
        inputs: ["x", "", "w"],
        outputs: ["y"],
        attributes: { transB: 1, negative: -1, alpha: { float: 0.5 }, mode: "nearest", pads: [0, 1, 300, -2] },
      },
    ],
    inputs: [{ name: "x", type: "float", dims: ["N", 3] }],
    outputs: [{ name: "y", type: "int32", dims: [2 ** 33] }],
    initializers: [
      { name: "inside", type: "float", dims: [1], data: new Uint8Array(Float32Array.of(1.5).buffer) },
      {
        name: "outside",
        type: "bfloat16",
        dims: [2, 5],
        data: { file: "a/b.safetensors", offset: 2 ** 40 + 1, sizeBytes: 20 },
      },
    ],
  });
  const model = fromBinary(ModelProtoSchema, bytes);
  expect(model.irVersion).toBe(10n);
  expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
    ["", 21n],
    ["com.microsoft", 1n],
  ]);

  const graph = model.graph!;
  const node = graph.node[0]!;
  expect([node.opType, node.domain, node.input, node.output]).toEqual(["Gemm", "com.microsoft", ["x", "", "w"], ["y"]]);
  const attributes = Object.fromEntries(node.attribute.map((attribute) => [attribute.name, attribute]));
  expect(attributes["transB"]).toMatchObject({ i: 1n, type: AttributeProto_AttributeType.INT });
  expect(attributes["negative"]).toMatchObject({ i: -1n });
  expect(attributes["alpha"]).toMatchObject({ f: 0.5, type: AttributeProto_AttributeType.FLOAT });
  expect(new TextDecoder().decode(attributes["mode"]!.s)).toBe("nearest");
  expect(attributes["pads"]).toMatchObject({ ints: [0n, 1n, 300n, -2n], type: AttributeProto_AttributeType.INTS });

  const [inside, outside] = graph.initializer as [(typeof graph.initializer)[0], (typeof graph.initializer)[0]];
  expect(inside).toMatchObject({ name: "inside", dims: [1n], dataType: TensorProto_DataType.FLOAT });
  expect(new Float32Array(inside.rawData.slice().buffer)).toEqual(Float32Array.of(1.5));
  expect(outside).toMatchObject({
    dims: [2n, 5n],
    dataType: TensorProto_DataType.BFLOAT16,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
  });
  expect(Object.fromEntries(outside.externalData.map(({ key, value }) => [key, value]))).toEqual({
    location: "a/b.safetensors",
    offset: String(2 ** 40 + 1),
    length: "20",
  });
  const dims = graph.input[0]!.type!.value.value as { shape: { dim: { value: unknown }[] } };
  expect(dims.shape.dim.map(({ value }) => value)).toMatchObject([
    { case: "dimParam", value: "N" },
    { case: "dimValue", value: 3n },
  ]);
});

it("weights are named by their scope and stay in the checkpoint's file", () => {
  const entry = (dims: number[], offset: number, type: "F32" | "F16") => ({
    type,
    dims,
    offset,
    sizeBytes: dims.reduce((a, b) => a * b) * (type === "F32" ? 4 : 2),
  });
  const file = new Map([
    ["blocks.0.proj.weight", entry([2, 3], 100, "F32")],
    ["blocks.0.proj.bias", entry([2], 124, "F16")],
  ]);
  const checkpoint = createCheckpoint("net", new Map([["net/model.safetensors", file]]));
  const g = createGraphBuilder({ name: "net", checkpoint });
  const x = g.input("x", "float", ["N", 3]);
  g.output(
    "y",
    g.scope("blocks.0", () => linear(g, "proj", x, 2)),
  );
  const graph = g.finish();
  expect(graph.weightFiles).toEqual(["net/model.safetensors"]);
  expect(graph.weightBytes).toBe(32);
  const { initializer, node } = fromBinary(ModelProtoSchema, graph.bytes).graph!;
  const locations = initializer.map(({ name, externalData }) => [
    name,
    externalData.find(({ key }) => key === "offset")?.value,
  ]);
  expect(locations).toEqual([
    ["blocks.0.proj.weight[2,3]", "100"],
    ["blocks.0.proj.bias[2]", "124"],
  ]);
  expect(node.map(({ opType }) => opType)).toEqual(["Cast", "Gemm", "Identity"]); // the F16 bias becomes float32
});
