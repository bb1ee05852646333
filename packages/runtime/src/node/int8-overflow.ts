import { createCheckpoint, createGraphBuilder, int8Linear } from "@unclip/graph";
import { tensor } from "@unclip/tensor";
import { importOnnxRuntime } from "./onnx-runtime.js";

const WIDTH = 64;
const OUT = 16;

let answer: Promise<boolean> | undefined;

/** Whether this processor's products of u8 and s8 overflow: those without VNNI add two of them in 16 bits. ONNX Runtime then has to be told to take
 * other operators, which are slower, and which other processors should be spared: it does not ask by itself. */
export function int8Overflows(): Promise<boolean> {
  return (answer ??= multiplyLargest());
}

/** Multiplies the largest numbers there are, and looks whether all of the sum arrives. */
async function multiplyLargest(): Promise<boolean> {
  const g = createGraphBuilder({ name: "int8-check", checkpoint: createCheckpoint("int8-check", new Map()) });
  const ones = (type: "float" | "int8", value: number, dims: number[]) =>
    g.constant(type, Array<number>(dims.reduce((a, b) => a * b)).fill(value), dims);
  const weights = {
    weight: ones("int8", 127, [OUT, WIDTH]),
    weightScale: ones("float", 1, [OUT]),
    inputScale: ones("float", 1, [1]),
    inputZeroPoint: g.constant("uint8", [0], [1]),
  };
  g.output("y", int8Linear(g, g.input("x", "float", [1, WIDTH]), weights, undefined));
  const { InferenceSession } = await importOnnxRuntime();
  const session = await InferenceSession.create(g.finish().bytes, { logSeverityLevel: 3 });
  try {
    const { y } = await session.run({ x: tensor(new Float32Array(WIDTH).fill(255), [1, WIDTH]) });
    return (y!.data as Float32Array).some((value) => value !== 255 * 127 * WIDTH);
  } finally {
    await session.release();
  }
}
