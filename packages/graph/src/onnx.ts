import type { WinogradConv } from "./plain-conv.js";
import { writeMessage, type MessageWriter } from "./wire.js";

/** Element types that our graphs use, by ONNX's names. */
export type ElementType = "float" | "float16" | "bfloat16" | "uint8" | "int8" | "int32" | "int64" | "bool";

/** A dimension: a size, or the name of a size that is known when the graph runs. */
export type Dim = number | string;
export type Dims = readonly Dim[];

/** A size and a number more. */
export function dimSum(size: Dim, more: number): Dim {
  return typeof size === "number" ? size + more : `${size}+${more}`;
}

/** An attribute of a node. Whole numbers are written as integers; wrap a float in `{ float }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** One node of an ONNX graph. */
export interface NodeRecord {
  readonly op: string;
  /** "" for ai.onnx, or "com.microsoft". */
  readonly domain: string;
  /** Names of values; "" for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The shape of the first output, where it is known. */
  readonly dims?: Dims;
  /** Of the last node of a convolution by Winograd's algorithm: what all of them compute. */
  readonly winograd?: WinogradConv;
}

/** A named input or output of a graph. */
export interface PortRecord {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: Dims;
}

/** A constant of a graph: inside the model, or a range of bytes in another file. */
export interface InitializerRecord {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | { readonly file: string; readonly offset: number; readonly sizeBytes: number };
}

/** Everything that goes into an ONNX file. */
export interface ModelRecord {
  readonly name: string;
  readonly nodes: readonly NodeRecord[];
  readonly inputs: readonly PortRecord[];
  readonly outputs: readonly PortRecord[];
  readonly initializers: readonly InitializerRecord[];
  /** Shapes of values in between which ONNX Runtime could not find out by itself. It uses memory again for values of the same known shape. */
  readonly values?: readonly PortRecord[];
}

const IR_VERSION = 10;
const OPSET = 21;
const ELEMENT_TYPES: Readonly<Record<ElementType, number>> = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;
const EXTERNAL = 1;

/** The bytes of an ONNX file. Field numbers are those of onnx.proto3.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 */
export function encodeModel(model: ModelRecord): Uint8Array {
  return writeMessage((file) => {
    file.int(1, IR_VERSION);
    file.string(2, "unclip");
    file.message(7, (graph) => {
      for (const node of model.nodes) graph.message(1, (writer) => writeNode(writer, node));
      graph.string(2, model.name);
      for (const initializer of model.initializers) graph.message(5, (writer) => writeInitializer(writer, initializer));
      for (const port of model.inputs) graph.message(11, (writer) => writePort(writer, port));
      for (const port of model.outputs) graph.message(12, (writer) => writePort(writer, port));
      for (const port of model.values ?? []) graph.message(13, (writer) => writePort(writer, port));
    });
    writeOpset(file, "", OPSET);
    writeOpset(file, "com.microsoft", 1);
  });
}

function writeOpset(file: MessageWriter, domain: string, version: number): void {
  file.message(8, (opset) => {
    opset.string(1, domain);
    opset.int(2, version);
  });
}

function writeNode(writer: MessageWriter, node: NodeRecord): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, node.outputs[0]!);
  writer.string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    writer.message(5, (attribute) => writeAttribute(attribute, name, value));
  }
  if (node.domain !== "") writer.string(7, node.domain);
}

function writeAttribute(writer: MessageWriter, name: string, value: Attribute): void {
  writer.string(1, name);
  if (typeof value === "number") {
    writer.int(3, value);
    writer.int(20, ATTRIBUTE_INT);
  } else if (typeof value === "string") {
    writer.string(4, value);
    writer.int(20, ATTRIBUTE_STRING);
  } else if ("float" in value) {
    writer.float(2, value.float);
    writer.int(20, ATTRIBUTE_FLOAT);
  } else {
    for (const item of value) writer.int(8, item);
    writer.int(20, ATTRIBUTE_INTS);
  }
}

function writeInitializer(writer: MessageWriter, { name, type, dims, data }: InitializerRecord): void {
  for (const dim of dims) writer.int(1, dim);
  writer.int(2, ELEMENT_TYPES[type]);
  writer.string(8, name);
  if (data instanceof Uint8Array) {
    writer.bytes(9, data);
    return;
  }
  const where = { location: data.file, offset: String(data.offset), length: String(data.sizeBytes) };
  for (const [key, value] of Object.entries(where)) {
    writer.message(13, (entry) => {
      entry.string(1, key);
      entry.string(2, value);
    });
  }
  writer.int(14, EXTERNAL);
}

function writePort(writer: MessageWriter, { name, type, dims }: PortRecord): void {
  writer.string(1, name);
  writer.message(2, (typeProto) =>
    typeProto.message(1, (tensorType) => {
      tensorType.int(1, ELEMENT_TYPES[type]);
      tensorType.message(2, (shape) => {
        for (const dim of dims) {
          shape.message(1, (writeDim) => (typeof dim === "number" ? writeDim.int(1, dim) : writeDim.string(2, dim)));
        }
      });
    }),
  );
}
