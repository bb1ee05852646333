import { bytesOf } from "./expand.js";
import type { InitializerRecord, NodeRecord, PortRecord } from "./onnx.js";

/** Nodes and constants of a model under construction. */
export interface Emitter {
  readonly nodes: NodeRecord[];
  /** Shapes that ONNX Runtime could not find out by itself. */
  readonly values: PortRecord[];
  readonly initializers: Map<string, InitializerRecord>;
  /** Adds a node, and gives the name of its value back. */
  node(op: string, inputs: readonly string[], attributes?: NodeRecord["attributes"], domain?: string): string;
  /** Cuts a value along an axis into equal parts. */
  split(x: string, axis: number, parts: number): string[];
  /** Cuts a value along its last axis into parts of these sizes. */
  cut(x: string, sizes: readonly number[]): string[];
  /** A constant. */
  constant(type: "int64" | "float" | "uint8", values: readonly number[], dims?: readonly number[]): string;
}

/** An emitter whose values have names of their own. */
export function createEmitter(): Emitter {
  const nodes: NodeRecord[] = [];
  const values: PortRecord[] = [];
  const initializers = new Map<string, InitializerRecord>();
  const constant: Emitter["constant"] = (type, values, dims = [values.length]) => {
    const all = values.length > 8 && values.every((value) => value === values[0]) ? `${values[0]}` : values.join();
    const name = `bands/${type}(${all})[${dims.join()}]`;
    if (!initializers.has(name)) initializers.set(name, { name, type, dims, data: bytesOf(type, values) });
    return name;
  };
  const split = (x: readonly string[], count: number, attributes: NodeRecord["attributes"]) => {
    const outputs = Array.from({ length: count }, (_, i) => `bands/Split_${nodes.length}:${i}`);
    nodes.push({ op: "Split", domain: "", inputs: x, outputs, attributes });
    return outputs;
  };
  return {
    nodes,
    values,
    initializers,
    constant,
    node(op, inputs, attributes = {}, domain = "") {
      const name = `bands/${op}_${nodes.length}`;
      nodes.push({ op, domain, inputs, outputs: [name], attributes });
      return name;
    },
    split: (x, axis, parts) => split([x], parts, { axis, num_outputs: parts }),
    cut: (x, sizes) => split([x, constant("int64", sizes)], sizes.length, { axis: -1 }),
  };
}
