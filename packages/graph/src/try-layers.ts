import { graphOf, type Graph, type Layer } from "./builder.js";
import { INT8_CONV, INT8_DOMAIN, INT8_LINEAR } from "./int8.js";
import type { ElementType, InitializerRecord, NodeRecord, PortRecord } from "./onnx.js";
import type { QuantizedLayer } from "./quantize-layer.js";

/** A layer of a graph, and what it would be in int8. */
export interface Candidate {
  readonly layer: Layer;
  readonly quantized: QuantizedLayer;
  /** [out]. */
  readonly bias?: Float32Array;
}

/** The name of the input that chooses among the candidates of {@link tryLayers}. */
export const CHOICE = "int8Layers";

/** The same graph in which each candidate computes both ways, and a further input says which way counts: {@link CHOICE}, one number for each
 * candidate, 0 for float32 and 1 for int8. So one session measures what every layer costs. */
export function tryLayers(graph: Graph, candidates: readonly Candidate[]): Graph {
  const initializers: InitializerRecord[] = [];
  const added: NodeRecord[] = [];
  const renamed = new Map<string, string>();

  const store = (name: string, type: ElementType, values: ArrayBufferView, dims: readonly number[]) => {
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    initializers.push({ name, type, dims, data });
    return name;
  };
  candidates.forEach(({ layer: { kind, uses, weight, attributes }, quantized, bias }, index) => {
    const at = (name: string) => `tried/${index}/${name}`;
    const node = (op: string, inputs: readonly string[], name: string, more: Partial<NodeRecord> = {}) => {
      added.push({ op, domain: "", inputs, outputs: [name], attributes: {}, ...more });
      return name;
    };
    const { weightScale, inputScale, inputZeroPoint, outputScale, outputZeroPoint } = quantized;
    const [out] = weight.dims as [number];
    const offset = store(at("bias"), "float", bias ?? new Float32Array(out), [out]);
    const tensors = [
      store(at("weight"), "int8", quantized.weight, weight.dims),
      store(at("weight_scale"), "float", weightScale, [out]),
      store(at("input_scale"), "float", inputScale, [inputScale.length]),
      store(at("input_zero_point"), "uint8", Uint8Array.of(inputZeroPoint), [1]),
      ...(kind === "conv"
        ? [
            store(at("output_scale"), "float", outputScale!, [out]),
            store(at("output_zero_point"), "uint8", outputZeroPoint!, [out]),
          ]
        : []),
      offset,
    ];
    const op = kind === "conv" ? INT8_CONV : INT8_LINEAR;
    const which = store(at("index"), "int64", BigInt64Array.of(BigInt(index)), [1]);
    const choice = node("Gather", [CHOICE, which], at("choice"), { attributes: { axis: 0 } });
    uses.forEach(({ x, y }, use) => {
      const of = (name: string) => at(`${use}/${name}`);
      const float = of("float");
      renamed.set(y.name, float);
      const int8 = node(op, [x.name, ...tensors], of("int8"), {
        domain: INT8_DOMAIN,
        attributes: { ...attributes, input_scales: inputScale.length },
      });
      node("Add", [float, node("Mul", [node("Sub", [int8, float], of("error")), choice], of("chosen"))], y.name);
    });
  });

  const { model } = graph;
  const nodes = model.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => renamed.get(name) ?? name),
  }));
  const choices: PortRecord = { name: CHOICE, type: "float", dims: [candidates.length] };
  const tried = graphOf({
    ...model,
    nodes: inOrder([...nodes, ...added], [...model.inputs, choices], [...model.initializers, ...initializers]),
    inputs: [...model.inputs, choices],
    initializers: [...model.initializers, ...initializers],
  });
  const op = candidates.some(({ layer }) => layer.kind === "conv") ? INT8_CONV : INT8_LINEAR;
  const operations = candidates.slice(0, 1).map(({ layer }) => ({ op, inputs: [], output: layer.uses[0]!.y }));
  return { ...graph, ...tried, operations: [...graph.operations, ...operations] };
}

/** Nodes after those whose values they take, as ONNX wants them. */
function inOrder(
  nodes: readonly NodeRecord[],
  inputs: readonly PortRecord[],
  initializers: readonly InitializerRecord[],
): NodeRecord[] {
  const known = new Set([...inputs, ...initializers].map(({ name }) => name));
  const waiting = new Map<string, NodeRecord[]>();
  const ordered: NodeRecord[] = [];
  const pending = [...nodes].reverse();
  while (pending.length > 0) {
    const node = pending.pop()!;
    const missing = node.inputs.find((name) => name !== "" && !known.has(name));
    if (missing !== undefined) {
      waiting.set(missing, [...(waiting.get(missing) ?? []), node]);
      continue;
    }
    ordered.push(node);
    for (const name of node.outputs) {
      known.add(name);
      pending.push(...(waiting.get(name) ?? []).reverse());
      waiting.delete(name);
    }
  }
  return ordered;
}
