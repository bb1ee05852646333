import type { Graph } from "./builder.js";
import { expandNodes, nodesFor, type Constant } from "./expand.js";
import type { ModelRecord, NodeRecord } from "./onnx.js";

/* Layers whose weights are int8: a node of ours until the file is written, then the operators of one device.
 *
 * Activations are u8, with one zero point z and a step s_c for each channel; weights are int8, with a step u_o for each output:
 *   y_o = u_o sum_c (q_c - z) w_oc + bias_o,  q_c = round(x_c / s_c) + z,  w_oc = round(W_oc s_c / u_o)
 * so that the steps of the activations are part of the weights, and cost nothing when the network runs. */

/** A convolution: x, weight, weight scale, input scale, input zero point, output scale, output zero point, bias. */
export const INT8_CONV = "Int8Conv";
/** A linear layer: x, weight, weight scale, input scale, input zero point, bias or nothing. */
export const INT8_LINEAR = "Int8Linear";
/** The domain of both. */
export const INT8_DOMAIN = "unclip";

/** The same model with int8 layers in integer arithmetic: for ONNX Runtime's CPU provider. */
export function withIntegerLayers(model: ModelRecord): ModelRecord {
  return expandNodes(model, { [INT8_CONV]: integerConv, [INT8_LINEAR]: integerLinear });
}

/** The same model with int8 layers in float32, from weights that the runtime dequantises when it opens the network: for every other provider. */
export function withFloatLayers(model: ModelRecord): ModelRecord {
  return expandNodes(model, { [INT8_CONV]: floatConv, [INT8_LINEAR]: floatLinear });
}

/** Whether a graph has such layers. */
export function hasInt8Layers({ operations }: Pick<Graph, "operations">): boolean {
  return operations.some(({ op }) => op === INT8_CONV || op === INT8_LINEAR);
}

const FLOAT = 1;
const INT32 = 6;

type Inputs = readonly [string, string, string, string, string, ...string[]];

/** What is known of a layer beside its tensors. */
interface Int8Attributes {
  /** How many steps the input has: 1, or the number of channels. */
  readonly input_scales: number;
}

/** u8 in, int8 weights, u8 out with a step and a zero point for each channel: the steps of the output are part of those of the weights. */
function integerConv({ inputs, outputs, attributes }: NodeRecord, constant: Constant): NodeRecord[] {
  const [x, weight, weightScale, inputScale, inputZero, outputScale, outputZero, bias] =
    inputs as readonly string[] as ConvolutionInputs;
  const { input_scales: scales, ...conv } = attributes as unknown as Int8Attributes & NodeRecord["attributes"];
  const { nodes, node } = nodesFor(outputs[0]!);
  const one = constant("int8/one", "float", [1]);
  const zero = constant("int8/zero", "uint8", [0]);
  const none = constant(`${outputs[0]}/none`, "int8", [0]); // ONNX Runtime replaces it where u8 times s8 would overflow, in each node by itself

  const zeros = scales === 1 ? inputZero : node("Expand", [inputZero, constant(`int8/[${scales}]`, "int64", [scales])]);
  const q = node("QuantizeLinear", [x, inputScale, zeros], { axis: 1 });
  const { scale, offset } = convolutionSteps(node, { weightScale, outputScale, outputZero, bias });
  const parts = [q, one, inputZero, weight, scale, none, one, zero, offset];
  const y = node("QLinearConv", parts, conv as NodeRecord["attributes"]);
  node("DequantizeLinear", [y, outputScale, outputZero], { axis: 1 }, outputs[0]);
  return nodes;
}

/** What QLinearConv is given in place of a step and a zero point for each channel of its output, of which it takes one: they become part of the
 * weights' steps and of the bias.
 * @param node adds a node, and gives the name of its value back
 * @returns the steps, the bias in integers, and what the zero points mean, [out] each */
export function convolutionSteps(
  node: (op: string, inputs: readonly string[], attributes?: NodeRecord["attributes"]) => string,
  { weightScale, outputScale, outputZero, bias }: Readonly<Record<OutputOfConvolution, string>>,
) {
  const shift = node("Mul", [node("Cast", [outputZero], { to: FLOAT }), outputScale]);
  const sum = node("Round", [node("Div", [node("Add", [bias, shift]), weightScale])]);
  const scale = node("Div", [weightScale, outputScale]);
  return { scale, offset: node("Cast", [sum], { to: INT32 }), shift };
}

type OutputOfConvolution = "weightScale" | "outputScale" | "outputZero" | "bias";

/** The inputs of {@link INT8_CONV}, in their order. */
export type ConvolutionInputs = readonly [...Inputs, outputScale: string, outputZero: string, bias: string];

/** u8 in, int8 weights, float32 out. */
function integerLinear({ inputs, outputs, attributes }: NodeRecord, constant: Constant): NodeRecord[] {
  const [x, weight, weightScale, inputScale, inputZero, bias = ""] = inputs as Inputs;
  const { input_scales: scales } = attributes as unknown as Int8Attributes;
  const { nodes, node, nodeWith } = nodesFor(outputs[0]!);
  const one = constant("int8/one", "float", [1]);
  const none = constant(`${outputs[0]}/none`, "int8", [0]);
  const q =
    scales === 1
      ? node("QuantizeLinear", [x, inputScale, inputZero])
      : node("QuantizeLinear", [node("Mul", [x, node("Reciprocal", [inputScale])]), one, inputZero]);
  const columns = node("Transpose", [weight], { perm: [1, 0] });
  const parts = [q, columns, one, weightScale, inputZero, none, bias];
  nodeWith("MatMulIntegerToFloat", bias === "" ? parts.slice(0, -1) : parts, outputs, {}, "com.microsoft");
  return nodes;
}

function floatConv({ inputs, outputs, attributes }: NodeRecord, constant: Constant): NodeRecord[] {
  const [x, , , , , , , bias] = inputs as readonly [string, ...string[]];
  const { input_scales: _scales, ...conv } = attributes;
  const { nodes, node } = nodesFor(outputs[0]!);
  node("Conv", [x, floatWeight(inputs, node, constant, [1, 1]), bias!], conv, outputs[0]);
  return nodes;
}

function floatLinear({ inputs, outputs }: NodeRecord, constant: Constant): NodeRecord[] {
  const [x, , , , , bias] = inputs as Inputs;
  const { nodes, node } = nodesFor(outputs[0]!);
  const columns = node("Transpose", [floatWeight(inputs, node, constant, [])], { perm: [1, 0] });
  if (bias === undefined) node("MatMul", [x, columns], {}, outputs[0]);
  else node("Add", [node("MatMul", [x, columns]), bias], {}, outputs[0]);
  return nodes;
}

/** w u / s. */
function floatWeight(
  inputs: readonly string[],
  node: (op: string, from: readonly string[], attributes?: NodeRecord["attributes"]) => string,
  constant: Constant,
  area: readonly number[],
): string {
  const [, weight, weightScale, inputScale] = inputs as Inputs;
  const shaped = (value: string, dims: readonly number[]) =>
    node("Reshape", [value, constant(`int8/[${dims.join()}]`, "int64", dims)]);
  const scaled = node("Mul", [node("Cast", [weight], { to: FLOAT }), shaped(weightScale, [-1, 1, ...area])]);
  return node("Div", [scaled, shaped(inputScale, [1, -1, ...area])]);
}
