import { conv2d, createCheckpoint, createGraphBuilder, type Checkpoint } from "@unclip/graph";
import { createRandom, sizeOf, tensor, type Tensor } from "@unclip/tensor";
import { InferenceSession } from "onnxruntime-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../../test-support/index.js";

const [CHANNELS, OUT, SIZE] = [128, 160, 32];
const WEIGHTS = { "c.weight": [OUT, CHANNELS, 3, 3], "c.bias": [OUT] };

describe("convolutions by Winograd's algorithm", () => {
  let folder = "";
  let checkpoint: Checkpoint;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "winograd-"));
    const random = createRandom(0);
    const tensors = Object.values(WEIGHTS).map((dims) => random.normal(dims).data as Float32Array);
    await writeFile(join(folder, "weights"), Buffer.concat(tensors.map((values) => new Uint8Array(values.buffer))));
    let offset = 0;
    const entries = Object.entries(WEIGHTS).map(([key, dims]) => {
      const entry = { type: "F32" as const, dims, offset, sizeBytes: sizeOf(dims) * 4 };
      offset += entry.sizeBytes;
      return [key, entry] as const;
    });
    checkpoint = createCheckpoint("test", new Map([["weights", new Map(entries)]]));
  });

  afterAll(() => rm(folder, { recursive: true }));

  const build = (winograd: boolean, size = SIZE) => {
    const g = createGraphBuilder({ name: "test", checkpoint });
    const x = g.input("x", "float", ["N", CHANNELS, size, size]);
    g.output("y", conv2d(g, "c", x, OUT, { kernel: 3, padding: 1, winograd }));
    return g.finish();
  };
  const run = async (winograd: boolean, x: Tensor) => {
    const session = await InferenceSession.create(build(winograd).bytes, {
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const { y } = await session.run({ x });
    await session.release();
    return y!;
  };

  it("agree with the plain sum, to the picture's edges", async () => {
    const { data, dims } = createRandom(1).normal([2, CHANNELS, SIZE, SIZE]);
    const x = tensor(data as Float32Array, dims);
    const [fast, plain] = [await run(true, x), await run(false, x)];
    expect(fast.dims).toEqual([2, OUT, SIZE, SIZE]);
    const scale = Math.sqrt(9 * CHANNELS); // standard deviation of a result
    expect(largestDifference(fast.data as Float32Array, plain.data as Float32Array)).toBeLessThan(1e-4 * scale); // float32 sums of numbers up to 100 times the result's terms
  });

  it("are left alone where the picture is small or does not fall into tiles", () => {
    const operators = (size: number) => build(true, size).operations.map(({ op }) => op);
    expect(operators(SIZE)).toContain("MatMul");
    expect(operators(28)).toEqual(["Conv"]);
    expect(operators(34)).toEqual(["Conv"]);
  });

  it.each<[size: number, bands: number, rows: number]>([
    [256, 2, 32],
    [512, 4, 32],
    [2048, 32, 16],
  ])("falls into bands of rows where the picture is large: %i pixels", (size, bands, rows) => {
    const pieces = build(true, size).operations.filter(({ op, output }) => op === "Conv" && output.dims[0] === "N*128");
    expect(pieces.map(({ output }) => output.dims.slice(2))).toEqual(Array(bands).fill([rows, size / 4]));
  });
});
