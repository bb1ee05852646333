import { createEmitter } from "./emitter.js";
import { convolutionSteps, INT8_CONV, type ConvolutionInputs } from "./int8.js";
import type { Dims, ModelRecord, NodeRecord } from "./onnx.js";
import { createPictures, type Picture, type PictureDims } from "./pictures.js";

/** The same model with pictures in bands of rows whose channels lie last, between its convolutions in float32. ONNX Runtime's integer convolutions
 * want channels last: they would turn over what they take and give, on one thread. And what lies between two convolutions is computed one band
 * after the other, so that it stays in the processor's cache: a large picture is read from memory once for a norm, an activation and a rounding.
 * @param isTiled for processors that multiply tiles of int8 (AMX). ONNX Runtime 1.30 has convolution kernels without tiles, which it takes
 *   wherever it knows that the zero point of the weights is zero. So that becomes known only when the model runs. */
export function withChannelsLast(model: ModelRecord, isTiled: boolean): ModelRecord {
  if (!model.nodes.some(({ op }) => op === INT8_CONV)) return model;
  const dims = new Map<string, Dims>();
  for (const { name, dims: known } of [...model.inputs, ...model.initializers]) dims.set(name, known);
  for (const node of model.nodes) if (node.dims !== undefined) dims.set(node.outputs[0]!, node.dims);

  const g = createEmitter();
  const pictures = createPictures(g);
  /** Values that lie channels last. */
  const last = new Map<string, Picture>();
  /** Those that (also) are tensors of their own name, or are none of ours. */
  const written = new Set<string>();
  /** Reshaped or turned pictures and tokens which nobody has asked for yet: the node that would make them. */
  const waiting = new Map<string, NodeRecord>();

  const none = weightZeroPoint();
  for (const node of model.nodes) {
    const made = pictureOf(node);
    if (made === "waiting") waiting.set(node.outputs[0]!, node);
    else if (made === undefined) keep(node);
    else if (made !== "written") last.set(node.outputs[0]!, made);
  }
  const used = new Set(g.nodes.flatMap(({ inputs }) => inputs));
  const initializers = [...model.initializers, ...g.initializers.values()].filter(({ name }) => used.has(name));
  return { ...model, nodes: g.nodes, initializers, values: g.values };

  /** Leaves a node as it is, on tensors whose channels lie first. */
  function keep(node: NodeRecord): void {
    for (const name of node.inputs) write(name);
    g.nodes.push(node);
    for (const name of node.outputs) written.add(name);
  }

  function write(name: string): void {
    if (written.has(name)) return;
    written.add(name);
    const picture = last.get(name);
    const node = waiting.get(name);
    if (picture !== undefined) pictures.toChannelsFirst(picture, name);
    else if (node !== undefined) {
      waiting.delete(name);
      keep(node);
    }
  }

  /** A value as a picture, where it is one or can be. */
  function asPicture(name: string): Picture | undefined {
    const known = last.get(name);
    if (known !== undefined) return known;
    const size = sizeOf(name);
    if (size === undefined) return undefined;
    write(name);
    const made = pictures.fromChannelsFirst(name, size);
    last.set(name, made);
    return made;
  }

  /** The shape of a value [N, C, H, W], where its size is known and it is larger than a pixel. */
  function sizeOf(name: string): PictureDims | undefined {
    const shape = dims.get(name) ?? [];
    const [, ...size] = shape;
    const isPicture = size.length === 3 && size.every((dim) => typeof dim === "number") && size[1]! * size[2]! > 1;
    return isPicture ? (shape as unknown as PictureDims) : undefined;
  }

  /** A value of one number for each channel, [C, 1, 1] or [1 or N, C, 1, 1], or of one for all, as [1 or N, 1, 1, C]. */
  function channelValues(name: string, count: number): string | undefined {
    const shape = dims.get(name);
    if (shape === undefined || last.has(name)) return undefined;
    if (shape.every((dim) => dim === 1)) return g.node("Expand", [name, g.constant("int64", [1, 1, 1, count])]);
    if (shape.length < 3 || shape.length > 4 || shape.at(-1) !== 1 || shape.at(-2) !== 1) return undefined;
    const channels = shape.at(-3) as number;
    write(name);
    return g.node("Reshape", [name, g.constant("int64", [shape.length === 3 ? 1 : 0, 1, 1, channels])]);
  }

  /** The picture that a node makes, if it makes one; "waiting" where that turns on who asks for it, "written" where its tensor is made. */
  function pictureOf(node: NodeRecord): Picture | "waiting" | "written" | undefined {
    const { op, inputs, attributes } = node;
    const x = inputs[0]!;
    const of = last.get(x);
    switch (op) {
      case INT8_CONV:
        return convolution(node);
      case "Reshape":
        return reshaped(node);
      case "Transpose":
        return transposed(node);
      case "InstanceNormalization":
        return isGrouped(x) ? "waiting" : undefined;
      case "Mul":
      case "Add":
        return arithmetic(node);
      case "QuickGelu":
        return of && pictures.eachPixel(of, op, attributes, node.domain);
      case "Concat": {
        const isJoined = attributes["axis"] === 1 && inputs.some((name) => last.has(name)) && inputs.every(sizeOf);
        return isJoined ? pictures.channelsOf(inputs.map((name) => asPicture(name)!)) : undefined;
      }
      case "AveragePool":
        return of && isHalving(node, of) ? pictures.halved(of) : undefined;
      case "Resize":
        return of && isDoubling(node, x) ? pictures.doubled(of) : undefined;
    }
    return undefined;
  }

  function convolution({ inputs, attributes }: NodeRecord): Picture | undefined {
    const [x, weight, weightScale, step, zeroPoint, outputScale, outputZero, bias] =
      inputs as readonly string[] as ConvolutionInputs;
    const {
      kernel_shape,
      strides,
      pads,
      input_scales: steps,
    } = attributes as Record<string, number[]> & {
      input_scales: number;
    };
    const [kernel, stride] = [kernel_shape![0]!, strides![0]!];
    const size = sizeOf(x);
    const isPlain = kernel % 2 === 1 && pads!.every((pad) => pad === (kernel - 1) / 2);
    const isEven = stride === 1 || (stride === 2 && size !== undefined && size[2] % 2 === 0 && size[3] % 2 === 0);
    if (size === undefined || !isPlain || !isEven) return undefined;
    const out = dims.get(weight)![0] as number;
    const one = g.constant("float", [1]);
    const zero = g.constant("uint8", [0]);
    const { scale, offset, shift } = convolutionSteps(g.node, { weightScale, outputScale, outputZero, bias });
    const integers = pictures.rounded(asPicture(x)!, { step, steps, zeroPoint });
    const parameters = (band: string) => [band, one, zeroPoint, weight, scale, none, one, zero, offset];
    const y = pictures.convolved(integers, parameters, { kernel, stride, out, zeroPoint });
    const each = g.constant("int64", [1, 1, 1, out]);
    return pictures.scaled(
      y,
      g.node("Reshape", [outputScale, each]),
      g.node("Reshape", [g.node("Neg", [shift]), each]),
    );
  }

  /** Group norms see pictures as [N, groups, ...], attention as [N, C, HW]. */
  function reshaped({ inputs, outputs }: NodeRecord): Picture | "waiting" | undefined {
    const [from, to] = [inputs[0]!, outputs[0]!];
    const shape = dims.get(to);
    const size = sizeOf(to);
    if (size === undefined) return shape?.length === 3 && sizeOf(from) !== undefined ? "waiting" : undefined;
    const norm = waiting.get(from);
    if (norm?.op === "InstanceNormalization") {
      const source = waiting.get(norm.inputs[0]!)!.inputs[0]!;
      const groups = dims.get(norm.inputs[0]!)![1] as number;
      const { float: epsilon } = norm.attributes["epsilon"] as { readonly float: number };
      if (dims.get(source)!.join() === dims.get(to)!.join())
        return pictures.normalised(asPicture(source)!, groups, epsilon);
    }
    if (norm?.op === "Transpose") {
      const tokens = norm.inputs[0]!;
      write(tokens);
      return pictures.fromTokens(tokens, size);
    }
    return undefined;
  }

  /** Tokens [N, HW, C] of a picture that waits as [N, C, HW]; or such tokens as [N, C, HW], which may become a picture. */
  function transposed({ inputs, outputs, attributes }: NodeRecord): "waiting" | "written" | undefined {
    const [from, to] = [inputs[0]!, outputs[0]!];
    if (String(attributes["perm"]) !== "0,2,1") return undefined;
    const flat = waiting.get(from);
    if (flat?.op === "Reshape") {
      const source = flat.inputs[0]!;
      const picture = last.get(source);
      if (picture !== undefined && dims.get(from)?.[1] === picture.channels) {
        pictures.toTokens(picture, to);
        written.add(to);
        return "written";
      }
    }
    return flat === undefined && !last.has(from) ? "waiting" : undefined;
  }

  /** Whether a value waits as the groups of a picture. */
  function isGrouped(name: string): boolean {
    const node = waiting.get(name);
    return node?.op === "Reshape" && sizeOf(node.inputs[0]!) !== undefined;
  }

  function arithmetic({ op, inputs }: NodeRecord): Picture | undefined {
    const [a, b] = inputs as [string, string];
    if (!last.has(a) && !last.has(b)) return undefined;
    const [picture, other] = last.has(a) ? [last.get(a)!, b] : [last.get(b)!, a];
    const values = channelValues(other, picture.channels);
    if (values !== undefined)
      return op === "Mul" ? pictures.scaled(picture, values, undefined) : pictures.scaled(picture, undefined, values);
    const isSum = op === "Add" && sizeOf(a)?.join() === sizeOf(b)?.join();
    return isSum ? pictures.sum(asPicture(a)!, asPicture(b)!) : undefined;
  }

  function isHalving({ attributes }: NodeRecord, { height, width, isDoubled }: Picture): boolean {
    const { kernel_shape: kernel, strides } = attributes;
    return (
      String(kernel) === "2,2" && String(strides) === "2,2" && (isDoubled || (height % 2 === 0 && width % 2 === 0))
    );
  }

  function isDoubling({ outputs, attributes }: NodeRecord, x: string): boolean {
    const [from, to] = [sizeOf(x), sizeOf(outputs[0]!)];
    return attributes["mode"] === "nearest" && to?.[2] === 2 * from![2] && to[3] === 2 * from![3];
  }

  /** 0, as a constant or as a value of which nothing is known before the model runs. */
  function weightZeroPoint(): string {
    const given = model.inputs.find(({ type, dims: shape }) => type === "float" && shape.length > 0);
    const list = (values: readonly number[]) => g.constant("int64", values);
    const zero = (): string => {
      const name = "bands/int8(0)";
      g.initializers.set(name, { name, type: "int8", dims: [1], data: new Uint8Array(1) });
      return name;
    };
    if (!isTiled || given === undefined) return zero();
    const number = g.node("Slice", [given.name, list(given.dims.map(() => 0)), list(given.dims.map(() => 1))]);
    return g.node("Reshape", [g.node("Cast", [g.node("Sub", [number, number])], { to: INT8 }), list([1])]);
  }
}

const INT8 = 3;
