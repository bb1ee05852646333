import { sizeOf, UnclipError } from "@unclip/tensor";
import { checkDifferences, checkParts, type Checkpoint } from "./checkpoint.js";
import {
  encodeModel,
  type Attribute,
  type Dims,
  type ElementType,
  type InitializerRecord,
  type NodeRecord,
  type PortRecord,
} from "./onnx.js";
import { withPlainAttention } from "./plain.js";
import type { WeightType } from "./weight-entry.js";

/** A value of the graph under construction: the output of a node, an input or a constant. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: Dims;
}

/** A node of a graph: an operator, the values it takes, and the first that it makes. */
export interface Operation {
  readonly op: string;
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly output: Value;
}

/** A finished graph. */
export interface Graph {
  /** What messages call it, for example "decoder". */
  readonly name: string;
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** The same for devices that compute some of its operators wrong: those are taken apart. */
  plainBytes(): Uint8Array;
  readonly inputs: readonly PortRecord[];
  readonly outputs: readonly PortRecord[];
  /** Its nodes in the order in which they were built, for counting what they cost. */
  readonly operations: readonly Operation[];
  /** Files that hold the weights, relative to the model folder. */
  readonly weightFiles: readonly string[];
  /** What the weights take in memory once they are float32. */
  readonly weightBytes: number;
}

/** Options of {@link GraphBuilder.node}. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: "" | "com.microsoft";
}

/** Builds one ONNX graph. Operators and layers are functions that take it first (`conv(g, x, ...)`). */
export interface GraphBuilder {
  input(name: string, type: ElementType, dims: Dims): Value;
  output(name: string, value: Value): void;
  /** Runs `build` with `name` added to the scope: the scope's path is the prefix of the checkpoint's keys. */
  scope<T>(name: string, build: () => T): T;
  /** The weight `name` of the current scope as float32, whatever its storage.
   * @param dims the shape the layer expects of the file
   * @param graphDims another shape of the same size, which the graph gives it */
  weight(name: string, dims: readonly number[], graphDims?: readonly number[]): Value;
  /** Refuses the checkpoint unless it has exactly `count` numbered parts under `name` of the current scope: to be called before they
   * are built, since `count` comes from a config.
   * @throws UnclipError "weights" */
  expectParts(name: string, count: number): void;
  /** A constant stored in the graph itself. */
  constant(type: "float" | "int64" | "int32", values: readonly number[], dims: readonly number[]): Value;
  /** A node with one output of the given type and shape. */
  node(op: string, inputs: readonly (Value | undefined)[], type: ElementType, dims: Dims, options?: NodeOptions): Value;
  /** A node with several outputs of the given type, one for each shape. */
  nodeWith<const Shapes extends readonly Dims[]>(
    op: string,
    inputs: readonly (Value | undefined)[],
    type: ElementType,
    shapes: Shapes,
    options?: NodeOptions,
  ): { [Index in keyof Shapes]: Value };
  /** The graph. Fails with the list of differences unless exactly the weights of the checkpoint were used. */
  finish(): Graph;
}

/** Options of {@link createGraphBuilder}. */
export interface GraphBuilderOptions {
  /** What messages call the network, for example "decoder". */
  readonly name: string;
  readonly checkpoint: Checkpoint;
  /** Keys of the checkpoint that this network leaves alone; default none. */
  readonly ignore?: (key: string) => boolean;
}

const STORED_AS: Readonly<Record<WeightType, ElementType>> = {
  F32: "float",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
};

/** A builder whose weights come from `checkpoint`. */
export function createGraphBuilder({
  name: graphName,
  checkpoint,
  ignore = () => false,
}: GraphBuilderOptions): GraphBuilder {
  const nodes: NodeRecord[] = [];
  const operations: Operation[] = [];
  const inputs: PortRecord[] = [];
  const outputs: PortRecord[] = [];
  const initializers = new Map<string, InitializerRecord>();
  const used = new Set<string>();
  const missing: string[] = [];
  const misshaped: string[] = [];
  const path: string[] = [];
  let count = 0;
  let weightBytes = 0;

  const keyOf = (name: string) => [...path, name].join(".");
  const addNode = (
    op: string,
    from: readonly (Value | undefined)[],
    type: ElementType,
    shapes: readonly Dims[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): Value[] => {
    const name = [...path, `${op}_${count++}`].join("/");
    const made = shapes.map((dims, i) => ({ name: i === 0 ? name : `${name}:${i}`, type, dims }));
    const outputNames = made.map((value) => value.name);
    nodes.push({ op, domain, inputs: from.map((value) => value?.name ?? ""), outputs: outputNames, attributes });
    operations.push({ op, inputs: from, output: made[0]! });
    return made;
  };
  const node: GraphBuilder["node"] = (op, from, type, dims, options) => addNode(op, from, type, [dims], options)[0]!;

  return {
    input(name, type, dims) {
      inputs.push({ name, type, dims });
      return { name, type, dims };
    },
    output(name, value) {
      nodes.push({ op: "Identity", domain: "", inputs: [value.name], outputs: [name], attributes: {} });
      outputs.push({ name, type: value.type, dims: value.dims });
    },
    scope(name, build) {
      path.push(name);
      try {
        return build();
      } finally {
        path.pop();
      }
    },
    weight(name, dims, graphDims = dims) {
      const key = keyOf(name);
      const found = checkpoint.weights.get(key) ?? checkpoint.plan?.(key, dims);
      used.add(key);
      if (found === undefined) {
        missing.push(key);
        return { name: key, type: "float", dims: graphDims };
      }
      if (found.dims.join() !== dims.join()) {
        misshaped.push(`${key}: expected [${dims.join(", ")}], got [${found.dims.join(", ")}]`);
        return { name: key, type: "float", dims: graphDims };
      }
      const type = STORED_AS[found.type];
      const id = `${key}[${graphDims.join()}]`;
      if (!initializers.has(id)) {
        weightBytes += sizeOf(dims) * 4;
        initializers.set(id, { name: id, type, dims: graphDims, data: found });
      }
      const stored: Value = { name: id, type, dims: graphDims };
      return type === "float" ? stored : node("Cast", [stored], "float", graphDims, { attributes: { to: 1 } });
    },
    expectParts: (name, count) => checkParts(checkpoint, keyOf(name), count),
    constant(type, values, dims) {
      const id = `${type}(${values.length > 8 ? `#${count++}` : values.join()})[${dims.join()}]`;
      initializers.set(id, { name: id, type, dims, data: bytesOf(type, values) });
      return { name: id, type, dims };
    },
    node,
    nodeWith: (op, from, type, shapes, options) =>
      addNode(op, from, type, shapes, options) as { [Index in keyof typeof shapes]: Value },
    finish() {
      const extra = [...checkpoint.weights.keys()].filter((key) => !used.has(key) && !ignore(key));
      checkDifferences(checkpoint.name, { missing, extra, misshaped });
      const all = [...initializers.values()];
      const model = { name: graphName, nodes, inputs, outputs, initializers: all };
      const [bytes, plainBytes] = [encodeModel(model), () => encodeModel(withPlainAttention(model))];
      const weightFiles = [...new Set(all.flatMap(({ data }) => (data instanceof Uint8Array ? [] : [data.file])))];
      return { name: graphName, bytes, plainBytes, inputs, outputs, operations, weightFiles, weightBytes };
    },
  };
}

function bytesOf(type: "float" | "int64" | "int32", values: readonly number[]): Uint8Array {
  const typed =
    type === "float"
      ? Float32Array.from(values)
      : type === "int32"
        ? Int32Array.from(values)
        : BigInt64Array.from(values, BigInt);
  return new Uint8Array(typed.buffer);
}

/** The error for an operator that got shapes it cannot take.
 * @param op the operator
 * @param expectation what it needs, in words */
export function shapeError(op: string, expectation: string, ...values: readonly Value[]): UnclipError {
  const got = values.map(({ name, dims }) => `${name} [${dims.join(", ")}]`).join(" and ");
  return new UnclipError("graph", `${op}: expected ${expectation}, got ${got}`);
}
