import { graphOf, type Graph, type Layer, type Value } from "./builder.js";
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

  /** @param values parts of what a layer takes or gives, rows of a picture or tokens */
  const observe = (kind: Layer["kind"], values: readonly Value[]): Observed => {
    const key = values.map(({ name }) => name).join();
    const known = seen.get(key);
    if (known !== undefined) return known;
    const { dims } = values[0]!;
    const rank = dims.length;
    const channel = kind === "conv" ? 1 : rank - 1;
    const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== channel);
    const name = `observed/${axes.join()}`;
    const data = new Uint8Array(BigInt64Array.from(axes, BigInt).buffer);
    constants.set(name, { name, type: "int64", dims: [axes.length], data });
    const prefix = `observed/${seen.size}`;
    const made = nodesFor(prefix);
    const reduce = (op: string, from: string, output: string) => {
      made.node(op, [from, name], { keepdims: 0 }, output);
      outputs.push({ name: output, type: "float", dims: [dims[channel]!] });
      return output;
    };
    const names = values.map((value) => value.name);
    const whole = names.length === 1 ? names[0]! : made.node("Concat", names, { axis: rank - 2 });
    const result = {
      min: reduce("ReduceMin", whole, `${prefix}/min`),
      max: reduce("ReduceMax", whole, `${prefix}/max`),
      squares: reduce("ReduceMean", made.node("Mul", [whole, whole]), `${prefix}/squares`),
    };
    nodes.push(...made.nodes);
    seen.set(key, result);
    return result;
  };

  const layers = graph.layers.map(({ kind, uses }) => ({
    x: observe(
      kind,
      uses.map(({ x }) => x),
    ),
    y: observe(
      kind,
      uses.map(({ y }) => y),
    ),
  }));
  const { model } = graph;
  const observed = graphOf({
    ...model,
    nodes: [...model.nodes, ...nodes],
    outputs: [...model.outputs, ...outputs],
    initializers: [...model.initializers, ...constants.values()],
  });
  return { graph: { ...graph, ...observed }, layers };
}
