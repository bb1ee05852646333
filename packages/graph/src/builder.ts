import { sizeOf, UnclipError } from "@unclip/tensor";
import { checkDifferences, checkParts, type Checkpoint, type Weight } from "./checkpoint.js";
import {
  encodeModel,
  type Attribute,
  type Dims,
  type ElementType,
  type InitializerRecord,
  type ModelRecord,
  type NodeRecord,
  type PortRecord,
} from "./onnx.js";
import { bytesOf } from "./expand.js";
import type { INT8_DOMAIN } from "./int8.js";
import { withChannelsLast } from "./channels-last.js";
import { withFloatLayers, withIntegerLayers } from "./int8.js";
import { withHalfArithmetic } from "./half.js";
import { withPlainConvolutions } from "./plain-conv.js";
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
  /** The same for ONNX Runtime on a processor in Node: pictures between int8 convolutions lie in bands of rows, channels last.
   * @param isTiled whether the processor multiplies tiles of int8 (AMX) */
  bandedBytes(isTiled: boolean): Uint8Array;
  /** The same for devices without integer arithmetic: int8 layers compute in float32, from weights that are dequantised when the network opens. */
  floatBytes(): Uint8Array;
  /** The same for devices that besides compute some of its operators wrong: those are taken apart. */
  plainBytes(): Uint8Array;
  /** The same in float16, but for norms, softmax, exponentials, the angles of timesteps, and inputs and outputs, which stay in float32.
   * @param isFused whether attention is left to the device's own operator, which sees to its softmax itself */
  halfBytes(isFused: boolean): Uint8Array;
  /** What the files are made of. */
  readonly model: ModelRecord;
  /** Its convolutions and linear layers, each once, in the order in which they were built. */
  readonly layers: readonly Layer[];
  readonly inputs: readonly PortRecord[];
  readonly outputs: readonly PortRecord[];
  /** Its nodes in the order in which they were built, for counting what they cost. */
  readonly operations: readonly Operation[];
  /** Files that hold the weights, relative to the model folder. */
  readonly weightFiles: readonly string[];
  /** What the weights take in memory: float32, or int8 as they are stored. */
  readonly weightBytes: number;
  /** The same network for square pictures of another side, where it has no more than convolutions and takes any.
   * @param side in pixels, a multiple of what the network's own side is one of: half of it for each level but the last */
  at?(side: number): Graph;
}

/** A convolution or a linear layer of a graph. */
export interface Layer {
  readonly kind: "conv" | "linear";
  /** Its weight's name in the checkpoint, for example "conv_in.weight". */
  readonly key: string;
  /** Where it is computed: once, or for parts of its input, each by itself. */
  readonly uses: readonly LayerUse[];
  /** Where its weight is stored. */
  readonly weight: Weight;
  readonly bias?: Weight;
  /** Those of a convolution. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** What a layer makes of what: [N, C, H, W], or [..., C]. */
export interface LayerUse {
  readonly x: Value;
  readonly y: Value;
}

/** The tensors of an int8 layer, each as it is stored. */
export interface Int8Weight {
  /** The integers w: the shape of the layer's weight. */
  readonly weight: Value;
  /** u, what 1 means for each output: [out]. */
  readonly weightScale: Value;
  /** s, what 1 means in the layer's input: [1], or one for each channel. */
  readonly inputScale: Value;
  /** z, what 0 is in the layer's input: [1]. */
  readonly inputZeroPoint: Value;
}

/** Types of constants that are stored in the graph itself. */
type ConstantType = "float" | "int64" | "int32" | "int8" | "uint8";

/** Options of {@link GraphBuilder.node}. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: "" | "com.microsoft" | typeof INT8_DOMAIN;
  readonly winograd?: NodeRecord["winograd"];
}

/** How an int8 layer rounds what it gives. */
export interface Int8Range {
  /** What 1 means in each channel: [out]. */
  readonly outputScale: Value;
  /** What 0 is in each channel: [out]. */
  readonly outputZeroPoint: Value;
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
  /** Rows [start, end) of the weight `name`, unless that is int8: a weight of its own in the graph, mapped like any other, so that nothing is cut
   * when the network is opened.
   * @param graphDims another shape of them of the same size, which the graph gives them */
  weightRows(
    name: string,
    dims: readonly number[],
    rows: readonly [start: number, end: number],
    graphDims?: readonly number[],
  ): Value;
  /** The weight of the current scope, [out, in, ...], and its scales, if it is stored as int8.
   * @param dims the shape the layer expects of the file */
  int8Weight(dims: readonly number[]): Int8Weight | undefined;
  /** The range of what the int8 layer of the current scope gives.
   * @param out how many channels that has */
  int8Range(out: number): Int8Range;
  /** Tells of a use of the layer with a weight, and perhaps a bias, in the current scope. */
  layer(use: LayerUse & Pick<Layer, "kind"> & Partial<Pick<Layer, "attributes">>): void;
  /** Refuses the checkpoint unless it has exactly `count` numbered parts under `name` of the current scope: to be called before they
   * are built, since `count` comes from a config.
   * @throws UnclipError "weights" */
  expectParts(name: string, count: number): void;
  /** A constant stored in the graph itself. */
  constant(type: ConstantType, values: readonly number[], dims: readonly number[]): Value;
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
  I8: "int8",
  U8: "uint8",
};

/** What belongs to an int8 weight and is not needed to dequantise it. */
const REST = ["input_zero_point", "output_scale", "output_zero_point"];

/** How a tensor of the checkpoint comes into the graph. */
interface StoreOptions {
  /** Its shape there; default its own. */
  readonly graphDims?: readonly number[];
  /** Those of its rows that are wanted, [start, end); default all. */
  readonly rows?: readonly [start: number, end: number];
  /** Whether integers without a sign are refused; default true. */
  readonly isFloat?: boolean;
}

/** Rows [start, end) of a weight, which lie side by side in its file. */
function rowsOf(weight: Weight, [start, end]: readonly [start: number, end: number]): Weight {
  const rowBytes = weight.sizeBytes / weight.dims[0]!;
  const dims = weight.dims.with(0, end - start);
  return { ...weight, dims, offset: weight.offset + start * rowBytes, sizeBytes: (end - start) * rowBytes };
}

/** A builder whose weights come from `checkpoint`. */
export function createGraphBuilder({
  name: graphName,
  checkpoint,
  ignore = () => false,
}: GraphBuilderOptions): GraphBuilder {
  const nodes: NodeRecord[] = [];
  const operations: Operation[] = [];
  const layers = new Map<string, Layer>();
  const inputs: PortRecord[] = [];
  const outputs: PortRecord[] = [];
  const initializers = new Map<string, InitializerRecord>();
  const used = new Set<string>();
  const missing = new Set<string>();
  const misshaped = new Set<string>();
  const path: string[] = [];
  let count = 0;
  let weightBytes = 0;

  const keyOf = (name: string) => [...path, name].join(".");
  const addNode = (
    op: string,
    from: readonly (Value | undefined)[],
    type: ElementType,
    shapes: readonly Dims[],
    { attributes = {}, domain = "", winograd }: NodeOptions = {},
  ): Value[] => {
    const name = [...path, `${op}_${count++}`].join("/");
    const made = shapes.map((dims, i) => ({ name: i === 0 ? name : `${name}:${i}`, type, dims }));
    const outputNames = made.map((value) => value.name);
    const names = from.map((value) => value?.name ?? "");
    const known = { ...(shapes[0] && { dims: shapes[0] }), ...(winograd && { winograd }) };
    nodes.push({ op, domain, inputs: names, outputs: outputNames, attributes, ...known });
    operations.push({ op, inputs: from, output: made[0]! });
    return made;
  };
  const node: GraphBuilder["node"] = (op, from, type, dims, options) => addNode(op, from, type, [dims], options)[0]!;

  /** Constants of many numbers by these: a graph holds one copy of those that several layers take. */
  const longConstants = new Map<string, string>();
  const constant: GraphBuilder["constant"] = (type, values, dims) => {
    const all = values.join();
    const text = values.length > 8 ? (longConstants.get(all) ?? `#${longConstants.size}`) : all;
    if (values.length > 8) longConstants.set(all, text);
    const id = `${type}(${text})[${dims.join()}]`;
    if (!initializers.has(id)) initializers.set(id, { name: id, type, dims, data: bytesOf(type, values) });
    return { name: id, type, dims };
  };
  const found = new Map<string, Weight>();
  const find = (key: string, dims: readonly number[]): Weight | undefined => {
    const weight = checkpoint.weights.get(key) ?? checkpoint.plan?.(key, dims);
    if (weight !== undefined) found.set(key, weight);
    return weight;
  };
  /** A tensor of the checkpoint, or rows of it, in its storage type; what is missing or has another shape is told by `finish`. */
  const store = (key: string, dims: readonly number[], options: StoreOptions = {}): Value => {
    const { graphDims = dims, rows, isFloat = true } = options;
    const found = find(key, dims);
    const id = `${key}${rows === undefined ? "" : `[${rows.join(":")}]`}[${graphDims.join()}]`;
    used.add(key);
    if (found === undefined) missing.add(key);
    else if (found.dims.join() !== dims.join())
      misshaped.add(`${key}: expected [${dims.join(", ")}], got [${found.dims.join(", ")}]`);
    else if (isFloat && found.type === "U8")
      misshaped.add(`${key}: expected numbers with a sign or a fraction, got U8`);
    else {
      const value: Value = { name: id, type: STORED_AS[found.type], dims: graphDims };
      if (!initializers.has(id)) {
        weightBytes += sizeOf(graphDims) * (found.type === "I8" ? 1 : 4);
        initializers.set(id, { ...value, dims: graphDims, data: rows === undefined ? found : rowsOf(found, rows) });
      }
      return value;
    }
    return { name: id, type: "float", dims: graphDims };
  };
  const asFloat = (stored: Value): Value =>
    stored.type === "float" ? stored : node("Cast", [stored], "float", stored.dims, { attributes: { to: 1 } });
  const part = (name: string, type: "float" | "uint8", dims: readonly number[], graphDims = dims): Value => {
    const key = keyOf(name);
    const found = find(key, dims);
    if (found !== undefined && STORED_AS[found.type] !== type)
      misshaped.add(`${key}: expected ${type === "float" ? "F32" : "U8"}, got ${found.type}`);
    return store(key, dims, { graphDims, isFloat: false });
  };
  const countInputScales = (channels: number) =>
    checkpoint.weights.get(keyOf("input_scale"))?.dims.join() === "1" ? 1 : channels;
  const int8Weight = (dims: readonly number[]): Int8Weight => ({
    weight: store(keyOf("weight"), dims),
    weightScale: part("weight_scale", "float", [dims[0]!]),
    inputScale: part("input_scale", "float", [countInputScales(dims[1]!)]),
    inputZeroPoint: part("input_zero_point", "uint8", [1]),
  });
  /** w u / s, where a weight is wanted for other than the integer arithmetic of a layer. */
  const dequantised = (name: string, dims: readonly number[], graphDims: readonly number[]): Value => {
    const ones = dims.slice(2).map(() => 1);
    const [out, channels = 1] = dims as [number, number?];
    const scales = countInputScales(channels);
    const weight = asFloat(store(keyOf(name), dims));
    const outputs = part(`${name}_scale`, "float", [out], [out, 1, ...ones]);
    const inputs = part("input_scale", "float", [scales], [1, scales, ...ones]);
    for (const rest of REST) used.add(keyOf(rest));
    const result = node("Div", [node("Mul", [weight, outputs], "float", dims), inputs], "float", dims);
    return dims.join() === graphDims.join()
      ? result
      : node("Reshape", [result, constant("int64", graphDims, [graphDims.length])], "float", graphDims);
  };

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
      const stored = store(keyOf(name), dims, { graphDims });
      return stored.type === "int8" ? dequantised(name, dims, graphDims) : asFloat(stored);
    },
    weightRows: (name, dims, rows, graphDims = dims.with(0, rows[1] - rows[0])) =>
      asFloat(store(keyOf(name), dims, { graphDims, rows })),
    int8Weight: (dims) => (checkpoint.weights.get(keyOf("weight"))?.type === "I8" ? int8Weight(dims) : undefined),
    int8Range: (out) => ({
      outputScale: part("output_scale", "float", [out]),
      outputZeroPoint: part("output_zero_point", "uint8", [out]),
    }),
    layer({ kind, x, y, attributes = {} }) {
      const key = keyOf("weight");
      const [weight, bias] = [found.get(key), found.get(keyOf("bias"))];
      if (weight === undefined) return;
      const uses = [...(layers.get(key)?.uses ?? []), { x, y }];
      layers.set(key, { kind, key, uses, weight, ...(bias !== undefined && { bias }), attributes });
    },
    expectParts: (name, count) => checkParts(checkpoint, keyOf(name), count),
    constant,
    node,
    nodeWith: (op, from, type, shapes, options) =>
      addNode(op, from, type, shapes, options) as { [Index in keyof typeof shapes]: Value },
    finish() {
      const extra = [...checkpoint.weights.keys()].filter((key) => !used.has(key) && !ignore(key));
      checkDifferences(checkpoint.name, { missing: [...missing], extra, misshaped: [...misshaped] });
      const all = [...initializers.values()];
      const model = { name: graphName, nodes, inputs, outputs, initializers: all };
      return { ...graphOf(model), operations, layers: [...layers.values()], weightBytes };
    },
  };
}

/** The files of a model, in the forms that devices take. */
export function graphOf(model: ModelRecord): Omit<Graph, "operations" | "layers" | "weightBytes"> {
  const weightFiles = new Set(
    model.initializers.flatMap(({ data }) => (data instanceof Uint8Array ? [] : [data.file])),
  );
  return {
    name: model.name,
    bytes: encodeModel(withIntegerLayers(model)),
    bandedBytes: (isTiled) => encodeModel(withIntegerLayers(withChannelsLast(model, isTiled))),
    floatBytes: () => encodeModel(withFloatLayers(model)),
    plainBytes: () => encodeModel(withPlainAttention(withFloatLayers(model))),
    halfBytes(isFused) {
      const plain = withPlainConvolutions(withFloatLayers(model));
      return encodeModel(withHalfArithmetic(isFused ? plain : withPlainAttention(plain)));
    },
    model,
    inputs: model.inputs,
    outputs: model.outputs,
    weightFiles: [...weightFiles],
  };
}

/** The error for an operator that got shapes it cannot take.
 * @param op the operator
 * @param expectation what it needs, in words */
export function shapeError(op: string, expectation: string, ...values: readonly Value[]): UnclipError {
  const got = values.map(({ name, dims }) => `${name} [${dims.join(", ")}]`).join(" and ");
  return new UnclipError("graph", `${op}: expected ${expectation}, got ${got}`);
}
