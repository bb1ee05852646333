import type { ModelRecord, NodeRecord } from "./onnx.js";

/** The same model without MultiHeadAttention: each becomes matrix products and a softmax. ONNX Runtime 1.30 computes that operator wrong
 * on some WebGPU adapters, those whose subgroups are 4 wide, where there are 32 queries or more. */
export function withPlainAttention(model: ModelRecord): ModelRecord {
  const isFused = ({ op }: NodeRecord) => op === "MultiHeadAttention";
  if (!model.nodes.some(isFused)) return model;
  const initializers = new Map(model.initializers.map((initializer) => [initializer.name, initializer]));
  const constant = (name: string, type: "int64" | "float", values: readonly number[]) => {
    const typed = type === "int64" ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
    initializers.set(name, { name, type, dims: [values.length], data: new Uint8Array(typed.buffer) });
    return name;
  };
  const nodes = model.nodes.flatMap((node) => (isFused(node) ? attentionNodes(node, constant) : [node]));
  return { ...model, nodes, initializers: [...initializers.values()] };
}

/** softmax(scale q k^T + bias) v, per head, from the inputs and attributes of a MultiHeadAttention. */
function attentionNodes(
  { inputs, outputs, attributes }: NodeRecord,
  constant: (name: string, type: "int64" | "float", values: readonly number[]) => string,
): NodeRecord[] {
  const [q, k, v, , , bias] = inputs as [string, string, string, string?, string?, string?];
  const [output] = outputs as [string];
  const { num_heads: heads, scale } = attributes as { num_heads: number; scale: { float: number } };
  const nodes: NodeRecord[] = [];
  const node = (op: string, from: readonly string[], more: NodeRecord["attributes"] = {}, name = "") => {
    const made = name === "" ? `${output}/${op}_${nodes.length}` : name;
    nodes.push({ op, domain: "", inputs: from, outputs: [made], attributes: more });
    return made;
  };
  const split = constant(`${output}/heads`, "int64", [0, 0, heads, -1]); // 0 keeps a size
  const joined = constant(`${output}/joined`, "int64", [0, 0, -1]);
  const factor = constant(`${output}/scale`, "float", [scale.float]);
  const perHead = (x: string, perm: readonly number[]) => node("Transpose", [node("Reshape", [x, split])], { perm });

  const scaled = node("Mul", [perHead(q, [0, 2, 1, 3]), factor]); // [N, heads, L, D]
  const scores = node("MatMul", [scaled, perHead(k, [0, 2, 3, 1])]); // [N, heads, L, S]
  const biased = bias === undefined || bias === "" ? scores : node("Add", [scores, bias]);
  const weights = node("Softmax", [biased], { axis: -1 });
  const seen = node("MatMul", [weights, perHead(v, [0, 2, 1, 3])]); // [N, heads, L, D]
  node("Reshape", [node("Transpose", [seen], { perm: [0, 2, 1, 3] }), joined], {}, output);
  return nodes;
}
