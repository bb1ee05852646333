import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  type GraphProto,
  type NodeProto,
} from "onnx-buf";

const { FLOAT, FLOAT16, INT64 } = TensorProto_DataType;

/** The types of a graph's values, by ONNX's numbers. */
export function typesOf({ input, initializer, node }: GraphProto): Map<string, number> {
  const types = new Map(initializer.map(({ name, dataType }) => [name, dataType]));
  for (const { name, type } of input) {
    if (type?.value.case === "tensorType") types.set(name, type.value.value.elemType);
  }
  for (const { opType, input: from, output, attribute } of node) {
    const to = attribute.find(({ name }) => name === "to")?.i;
    const type = opType === "Shape" ? INT64 : to === undefined ? types.get(from[0]!)! : Number(to);
    for (const name of output) types.set(name, type);
  }
  return types;
}

/** A file whose operators of float16 compute in float32 and round what they give to float16, as graphics cards do that sum in float32. ONNX Runtime
 * on a processor computes them so too, but rounds nothing between two of them. */
export function rounded(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const types = typesOf(graph);
  const isHalf = (name: string) => types.get(name) === FLOAT16;
  const nodes: NodeProto[] = [];
  const floats = new Set<string>();
  const cast = (from: string, name: string, to: number) => {
    const attribute = create(AttributeProtoSchema, {
      name: "to",
      i: BigInt(to),
      type: AttributeProto_AttributeType.INT,
    });
    const node = { opType: "Cast", name: `Cast ${name}`, input: [from], output: [name], attribute: [attribute] };
    nodes.push(create(NodeProtoSchema, node));
    return name;
  };
  const asFloat = (name: string) => {
    const wide = `${name}/wide`;
    if (floats.has(wide)) return wide;
    floats.add(wide);
    return cast(name, wide, FLOAT);
  };
  for (const node of graph.node) {
    if (node.opType === "Cast" || !node.output.some(isHalf)) {
      nodes.push(node);
      continue;
    }
    const { output } = node;
    node.input = node.input.map((name) => (isHalf(name) ? asFloat(name) : name));
    node.output = output.map((name) => `${name}/exact`);
    nodes.push(node);
    for (const name of output) cast(`${name}/exact`, name, FLOAT16);
  }
  graph.node = nodes;
  return toBinary(ModelProtoSchema, model);
}
