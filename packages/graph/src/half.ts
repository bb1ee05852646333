import { expandNodes, nodesFor } from "./expand.js";
import type { ModelRecord, NodeRecord } from "./onnx.js";

/** The types of floating-point numbers here, by the numbers that ONNX has for them. */
const FLOAT_TYPES = { float: 1, float16: 10 } as const;
type FloatType = keyof typeof FLOAT_TYPES;

/** Operators that take their operands, weights among them, in float16. */
const PRODUCTS = new Set(["Attention", "Conv", "Gather", "Gemm", "MatMul", "MultiHeadAttention"]);
/** Operators that compute in float32 what is taken from there in float16. */
const NORMS = new Set(["InstanceNormalization", "LayerNormalization", "Softmax"]);
/** Operators that only move numbers. */
const MOVES = ["Concat", "Expand", "Identity", "Pad", "Reshape", "Resize", "Slice", "Split", "Squeeze", "Transpose"];
/** Operators that compute in the type of what they take: in float16 where one of that is. Those that are named nowhere compute in float32. */
const EITHER = new Set([...MOVES, "Unsqueeze", "Add", "AveragePool", "Div", "Gelu", "Mul", "QuickGelu", "Sub"]);

/** A floating-point value of a model. */
interface FloatValue {
  /** The value that holds its numbers, in whatever type. */
  readonly source: string;
  /** The names that it has by type, so far. */
  readonly names: Partial<Record<FloatType, string>>;
  /** The type in which it is taken where both would do. */
  readonly type: FloatType;
}

/** The same model in float16: its products, and what lies between them. In float32 stay norms, softmax, exponentials, sines and cosines, what leads
 * from an input to the first product, such as the angles of a timestep, and the inputs and outputs themselves. What is made of weights alone is
 * computed in float32 before it is cast, once: when the runtime opens the network. */
export function withHalfArithmetic(given: ModelRecord): ModelRecord {
  const model = expandNodes(given, { SkipLayerNormalization: sumAndNorm });
  const stored = new Map([...model.initializers, ...model.inputs].map(({ name, type }) => [name, type]));
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const constants = new Set(["", ...model.initializers.map(({ name }) => name)]);
  const floats = new Map<string, FloatValue>();
  /** Those that are cast from another value, by its name: a weight that several layers take is cast once. */
  const cast = new Map<string, FloatValue>();
  const nodes: NodeRecord[] = [];

  for (const [name, type] of stored) {
    if (type === "float") floats.set(name, { source: name, names: { float: name }, type });
  }
  for (const node of model.nodes) {
    const isConstant = node.inputs.every((name) => constants.has(name));
    if (isConstant) for (const name of node.outputs) constants.add(name);
    if (node.op === "Cast" && node.attributes["to"] === FLOAT_TYPES.float) remember(node);
    else compute(node, node.outputs.some((name) => outputs.has(name)) ? "float" : typeOf(node, isConstant));
  }
  return { ...model, nodes };

  /** Leaves a Cast to float32 out until that type is asked for. */
  function remember({ inputs, outputs }: NodeRecord): void {
    const [source, name] = [inputs[0]!, outputs[0]!];
    const isHalf = stored.get(source) === "float16";
    const made = { source, names: isHalf ? { float16: source } : {}, type: isHalf ? "float16" : "float" } as const;
    cast.set(source, cast.get(source) ?? made);
    floats.set(name, cast.get(source)!);
  }

  /** The type in which an operator computes. */
  function typeOf({ op, inputs }: NodeRecord, isConstant: boolean): FloatType {
    const isHalf = (name: string) => floats.get(name)?.type === "float16";
    if (isConstant) return MOVES.includes(op) && isHalf(inputs[0]!) ? "float16" : "float";
    if (PRODUCTS.has(op)) return "float16";
    return EITHER.has(op) && inputs.some((name) => !constants.has(name) && isHalf(name)) ? "float16" : "float";
  }

  function compute(node: NodeRecord, type: FloatType): void {
    const isOther = node.op === "Shape" || node.op === "Cast"; // what they give are no such numbers
    const inputs = node.inputs.map((name, i) => {
      const value = floats.get(name);
      if (value === undefined || (node.op === "Resize" && i > 0)) return name;
      return isOther ? value.source : nameIn(name, value, type);
    });
    nodes.push({ ...node, inputs });
    if (isOther || !node.inputs.some((name) => floats.has(name))) return;
    const after = NORMS.has(node.op) ? "float16" : type;
    for (const name of node.outputs) floats.set(name, { source: name, names: { [type]: name }, type: after });
  }

  function nameIn(name: string, { source, names }: FloatValue, type: FloatType): string {
    const known = names[type];
    if (known !== undefined) return known;
    const made = `${name}/${type}`;
    nodes.push({ op: "Cast", domain: "", inputs: [source], outputs: [made], attributes: { to: FLOAT_TYPES[type] } });
    names[type] = made;
    return made;
  }
}

/** A sum and its norm, each by itself: the sum is one of float16. */
function sumAndNorm({ inputs, outputs, attributes }: NodeRecord): NodeRecord[] {
  const [a, b, ...parameters] = inputs as [string, string, ...string[]];
  const [normed, , , sum] = outputs as [string, string, string, string];
  const { nodes, node } = nodesFor(normed);
  node("Add", [a, b], {}, sum);
  node("LayerNormalization", [sum, ...parameters], { axis: -1, ...attributes }, normed);
  return nodes;
}
