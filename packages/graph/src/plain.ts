import { expandNodes, nodesFor, type Constant } from "./expand.js";
import type { ModelRecord, NodeRecord } from "./onnx.js";

/** The same model without the fused kinds of attention: each becomes matrix products and a softmax. ONNX Runtime 1.30 computes MultiHeadAttention
 * wrong on some WebGPU adapters, those whose subgroups are 4 wide, where there are 32 queries or more, and lacks Attention with a past there. */
export function withPlainAttention(model: ModelRecord): ModelRecord {
  return expandNodes(model, { MultiHeadAttention: attentionNodes, Attention: causalAttentionNodes });
}

/** softmax(scale q k^T + bias) v, per head, from the inputs and attributes of a MultiHeadAttention. */
function attentionNodes({ inputs, outputs, attributes }: NodeRecord, constant: Constant): NodeRecord[] {
  const [q, k, v, , , bias] = inputs as [string, string, string, string?, string?, string?];
  const [output] = outputs as [string];
  const { num_heads: heads, scale } = attributes as { num_heads: number; scale: { float: number } };
  const { nodes, node } = nodesFor(output);
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

/** A large negative number, which leaves nothing of a score after softmax. */
const MASKED = -10000;

/** The same of a causal Attention, which makes q, k and v itself and puts keys and values behind those that are known. */
function causalAttentionNodes({ inputs, outputs, attributes }: NodeRecord, constant: Constant): NodeRecord[] {
  const [x, weight, offset, mask, past] = inputs as [string, string, string, string, string];
  const [output, present] = outputs as [string, string];
  const { num_heads: heads } = attributes as { num_heads: number };
  const { nodes, node, nodeWith, nameOf } = nodesFor(output);
  const integers = (name: string, values: readonly number[], dims?: readonly number[]) =>
    constant(`${output}/${name}`, "int64", values, dims);
  const numbers = (name: string, value: number) => constant(`${output}/${name}`, "float", [value]);
  const size = (value: string, axis: number) => node("Shape", [value], { start: axis, end: axis + 1 });
  const first = integers("first", [1]);

  const made = node("Add", [node("MatMul", [x, weight]), offset]); // [N, L, 3 C]
  const perHead = node("Reshape", [made, integers("heads", [0, 0, 3, heads, -1])]);
  const split = node("Transpose", [perHead], { perm: [2, 0, 3, 1, 4] }); // [3, N, heads, L, D]
  const part = (from: string, to: string) => node("Slice", [split, from, to, integers("axis", [0])]);
  const query = node("Squeeze", [part(integers("start", [0]), first), integers("axis", [0])]);
  const all = node("Concat", [past, part(first, integers("end", [3]))], { axis: 3 }, present); // [2, N, heads, S, D]
  const halves = nodeWith("Split", [all], [nameOf("key"), nameOf("value")], { axis: 0, num_outputs: 2 });
  const [key, value] = halves.map((half) => node("Squeeze", [half, integers("axis", [0])])) as [string, string];

  const width = node("Cast", [node("Shape", [query], { start: 3, end: 4 })], { to: 1 });
  const scores = node("MatMul", [
    node("Div", [query, node("Sqrt", [width])]),
    node("Transpose", [key], { perm: [0, 1, 3, 2] }),
  ]); // [N, heads, L, S]
  const counts = node("Unsqueeze", [node("Cast", [mask], { to: 1 }), integers("axes", [1, 2])]); // [N, 1, 1, S]
  const uncounted = node("Mul", [node("Sub", [counts, numbers("one", 1)]), numbers("masked", -MASKED)]);
  const square = node("Concat", [size(x, 1), size(mask, 1)], { axis: 0 });
  const negative = node("Expand", [numbers("negative", MASKED), square]);
  const after = node("Add", [size(past, 3), first]); // token i sees those before P + i + 1
  const later = node("Trilu", [negative, after], { upper: 1 }); // [L, S]
  const weights = node("Softmax", [node("Add", [node("Add", [scores, uncounted]), later])], { axis: -1 });
  const seen = node("Transpose", [node("MatMul", [weights, value])], { perm: [0, 2, 1, 3] });
  node("Reshape", [seen, integers("joined", [0, 0, -1])], {}, output);
  return nodes;
}
