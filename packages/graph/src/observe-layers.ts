import { graphOf, type Graph, type Value } from "./builder.js";
import { nodesFor } from "./expand.js";
import type { InitializerRecord, NodeRecord, PortRecord } from "./onnx.js";

/** The names under which a graph tells of one value: of each channel the least number, the largest, and the mean of the squares. */
export interface Observed {
  readonly min: string;
  readonly max: string;
  readonly squares: string;
}

/** A graph that also tells of the input and the output of each of its layers. */
export interface ObservedGraph {
  readonly graph: Graph;
  /** One for each layer, in their order. */
  readonly layers: readonly { readonly x: Observed; readonly y: Observed }[];
}

/** The same graph with further outputs, of a number for each channel. */
export function observeLayers(graph: Graph): ObservedGraph {
  const nodes: NodeRecord[] = [];
  const outputs: PortRecord[] = [];
  const constants = new Map<string, InitializerRecord>();
  const seen = new Map<string, Observed>();

  const observe = (value: Value, kind: "conv" | "linear"): Observed => {
    const known = seen.get(value.name);
    if (known !== undefined) return known;
    const rank = value.dims.length;
    const channel = kind === "conv" ? 1 : rank - 1;
    const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== channel);
    const name = `observed/${axes.join()}`;
    const data = new Uint8Array(BigInt64Array.from(axes, BigInt).buffer);
    constants.set(name, { name, type: "int64", dims: [axes.length], data });
    const prefix = `observed/${seen.size}`;
    const made = nodesFor(prefix);
    const reduce = (op: string, from: string, output: string) => {
      made.node(op, [from, name], { keepdims: 0 }, output);
      outputs.push({ name: output, type: "float", dims: [value.dims[channel]!] });
      return output;
    };
    const result = {
      min: reduce("ReduceMin", value.name, `${prefix}/min`),
      max: reduce("ReduceMax", value.name, `${prefix}/max`),
      squares: reduce("ReduceMean", made.node("Mul", [value.name, value.name]), `${prefix}/squares`),
    };
    nodes.push(...made.nodes);
    seen.set(value.name, result);
    return result;
  };

  const layers = graph.layers.map(({ kind, x, y }) => ({ x: observe(x, kind), y: observe(y, kind) }));
  const { model } = graph;
  const observed = graphOf({
    ...model,
    nodes: [...model.nodes, ...nodes],
    outputs: [...model.outputs, ...outputs],
    initializers: [...model.initializers, ...constants.values()],
  });
  return { graph: { ...graph, ...observed }, layers };
}
