import type { ElementType, ModelRecord, NodeRecord } from "./onnx.js";

/** Adds a constant to the model, and gives its name back. */
export type Constant = (
  name: string,
  type: "int64" | "float" | "uint8" | "int8",
  values: readonly number[],
  dims?: readonly number[],
) => string;

/** Makes the nodes that stand for one. */
export type Expansion = (node: NodeRecord, constant: Constant) => NodeRecord[];

/** The same model with other nodes for the operators that `expansions` names; their last gives the value of the node that they stand for. */
export function expandNodes(model: ModelRecord, expansions: Readonly<Record<string, Expansion>>): ModelRecord {
  if (!model.nodes.some(({ op }) => Object.hasOwn(expansions, op))) return model;
  const initializers = new Map(model.initializers.map((initializer) => [initializer.name, initializer]));
  const constant: Constant = (name, type, values, dims = [values.length]) => {
    initializers.set(name, { name, type, dims, data: bytesOf(type, values) });
    return name;
  };
  const nodes = model.nodes.flatMap((node) => {
    const expansion = Object.hasOwn(expansions, node.op) ? expansions[node.op] : undefined;
    return expansion?.(node, constant) ?? [node];
  });
  return { ...model, nodes, initializers: [...initializers.values()] };
}

/** Numbers as the bytes of a constant. */
export function bytesOf(
  type: Exclude<ElementType, "float16" | "bfloat16" | "bool">,
  values: readonly number[],
): Uint8Array {
  const typed = {
    float: () => Float32Array.from(values),
    int8: () => Int8Array.from(values),
    uint8: () => Uint8Array.from(values),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values, BigInt),
  }[type]();
  return new Uint8Array(typed.buffer);
}

/** Collects nodes whose values are named after `output`, the first value of the node that they stand for. */
export function nodesFor(output: string) {
  const nodes: NodeRecord[] = [];
  const nodeWith = (
    op: string,
    from: readonly string[],
    outputs: readonly string[],
    more: NodeRecord["attributes"],
    domain: NodeRecord["domain"] = "",
  ) => {
    nodes.push({ op, domain, inputs: from, outputs, attributes: more });
    return outputs;
  };
  const nameOf = (op: string) => `${output}/${op}_${nodes.length}`;
  const node = (op: string, from: readonly string[], more: NodeRecord["attributes"] = {}, name = nameOf(op)) =>
    nodeWith(op, from, [name], more)[0]!;
  return { nodes, node, nodeWith, nameOf };
}
