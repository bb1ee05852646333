import {
  conv,
  createCheckpoint,
  createGraphBuilder,
  multiHeadAttention,
  reshape,
  silu,
  transpose,
} from "@unclip/graph";
import { tensor } from "@unclip/tensor";
import type { Arithmetic } from "./arithmetic.js";
import type { Model, Session } from "./session.js";

const SIZE = 4;

/** A convolution, an activation and attention over a picture of 4 x 4 pixels. */
function selfCheckModel(): Model {
  const g = createGraphBuilder({ name: "self-check", checkpoint: createCheckpoint("self-check", new Map()) });
  const x = g.input("x", "float", [1, 1, SIZE, SIZE]);
  const kernels = Array.from({ length: 4 * 9 }, (_, i) => Math.fround(Math.sin(i)));
  const bias = g.constant("float", [0.1, 0.2, 0.3, 0.4], [4]);
  const h = silu(g, conv(g, x, g.constant("float", kernels, [4, 1, 3, 3]), bias, { padding: 1 }));
  const tokens = transpose(g, reshape(g, h, [1, 4, SIZE * SIZE]), [0, 2, 1]);
  g.output("y", multiHeadAttention(g, [tokens, tokens, tokens], 2));
  return { graph: g.finish() };
}

/** The first two of the 16 tokens that come out, as the CPU computes them. */
const EXPECTED = [0.149132, 1.423104, 0.723575, 0.538654, 1.9866, -0.042963, 2.128064, -0.167104];

/** How far a number may be off. In float16 there are steps of 0.002 beyond 2. */
const TOLERANCE: Readonly<Record<Arithmetic, number>> = { float32: 1e-4, float16: 1e-2 };

/** Fails unless a device computes known numbers: some drivers start and then compute wrong ones.
 * @param arithmetic that of `open`
 * @throws Error with the reason */
export async function selfCheck(
  open: (model: Model) => Promise<Session>,
  arithmetic: Arithmetic = "float32",
): Promise<void> {
  const session = await open(selfCheckModel());
  try {
    const x = Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.cos(i));
    const { y } = await session.run({ x: tensor(x, [1, 1, SIZE, SIZE]) });
    const got = [...(y!.data as Float32Array)].slice(0, EXPECTED.length);
    if (!got.every((value, i) => Math.abs(value - EXPECTED[i]!) <= TOLERANCE[arithmetic]))
      throw new Error(`it computes wrong numbers: [${got.join(", ")}], not [${EXPECTED.join(", ")}]`);
  } finally {
    await session.release();
  }
}
