import type { GraphBuilder, Int8Range, Int8Weight, Value } from "../builder.js";
import { convShape, type ConvOptions } from "../conv-shape.js";
import { INT8_CONV, INT8_DOMAIN, INT8_LINEAR } from "../int8.js";

/* Layers of int8 weights. What they compute is told in ../int8.ts, and is left open until a device is known. */

/** Linear layer over the last axis of x [..., in]: [..., out]. */
export function int8Linear(g: GraphBuilder, x: Value, weights: Int8Weight, bias: Value | undefined): Value {
  const dims = x.dims.with(-1, weights.weight.dims[0]!);
  return g.node(INT8_LINEAR, [...common(x, weights), ...(bias === undefined ? [] : [bias])], "float", dims, {
    domain: INT8_DOMAIN,
    attributes: attributesOf(weights),
  });
}

/** Convolution of x [N, C, H, W], whose result is rounded to `range`: [N, O, H', W']. */
export function int8Conv(
  g: GraphBuilder,
  x: Value,
  { outputScale, outputZeroPoint, ...weights }: Int8Weight & Int8Range,
  bias: Value | undefined,
  options: ConvOptions = {},
): Value {
  const { dims, attributes } = convShape(x, weights.weight.dims, options);
  const out = weights.weight.dims[0] as number;
  const offset = bias ?? g.constant("float", Array<number>(out).fill(0), [out]);
  return g.node(INT8_CONV, [...common(x, weights), outputScale, outputZeroPoint, offset], "float", dims, {
    domain: INT8_DOMAIN,
    attributes: { ...attributes, ...attributesOf(weights) },
  });
}

function common(x: Value, { weight, weightScale, inputScale, inputZeroPoint }: Int8Weight): Value[] {
  return [x, weight, weightScale, inputScale, inputZeroPoint];
}

function attributesOf({ inputScale }: Int8Weight) {
  return { input_scales: inputScale.dims[0] as number };
}
