import { bytesOf, nodesFor } from "./expand.js";
import type { InitializerRecord, ModelRecord, NodeRecord } from "./onnx.js";

/** What a convolution by Winograd's algorithm makes of what. */
export interface WinogradConv {
  /** The picture: [N, C, H, W]. */
  readonly x: string;
  /** The kernels, in parts of O: [1, 1, O, 9 C] each. */
  readonly kernels: readonly string[];
  /** [1, O, 1, 1]. */
  readonly bias: string;
  /** O and C. */
  readonly channels: readonly [out: number, channels: number];
}

/** The same model without Winograd's algorithm, whose transforms subtract numbers several times as large as what is left. */
export function withPlainConvolutions(model: ModelRecord): ModelRecord {
  if (!model.nodes.some(({ winograd }) => winograd)) return model;
  const shapes = new Map<string, InitializerRecord>();
  const shape = (...dims: readonly number[]) => {
    const name = `conv/[${dims.join()}]`;
    shapes.set(name, { name, type: "int64", dims: [dims.length], data: bytesOf("int64", dims) });
    return name;
  };
  const nodes = model.nodes.flatMap((last) => {
    if (last.winograd === undefined) return [last];
    const { x, kernels, bias, channels } = last.winograd;
    const { nodes, node } = nodesFor(last.outputs[0]!);
    const rows = kernels.length === 1 ? kernels[0]! : node("Concat", kernels, { axis: 2 });
    const parameters = [node("Reshape", [rows, shape(...channels, 3, 3)]), node("Reshape", [bias, shape(channels[0])])];
    const attributes = { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
    node("Conv", [x, ...parameters], attributes, last.outputs[0]);
    return nodes;
  });
  return withoutUnused({ ...model, nodes, initializers: [...model.initializers, ...shapes.values()] });
}

/** The same model without what leads to none of its outputs. */
function withoutUnused(model: ModelRecord): ModelRecord {
  const used = new Set(model.outputs.map(({ name }) => name));
  const nodes: NodeRecord[] = [];
  for (const node of model.nodes.toReversed()) {
    if (!node.outputs.some((name) => used.has(name))) continue;
    for (const name of node.inputs) used.add(name);
    nodes.push(node);
  }
  return { ...model, nodes: nodes.toReversed(), initializers: model.initializers.filter(({ name }) => used.has(name)) };
}
