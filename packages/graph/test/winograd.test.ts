import { conv, conv2d, createCheckpoint, createGraphBuilder, type Checkpoint } from "@unclip/graph";
import { createRandom, sizeOf, tensor, type Tensor } from "@unclip/tensor";
import { InferenceSession } from "onnxruntime-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../../test-support/index.js";

const CHANNELS = 128;
const OUTS = { narrow: 160, wide: 2048 };
const WEIGHTS = Object.fromEntries(
  Object.entries(OUTS).flatMap(([name, out]) => [
    [`${name}.weight`, [out, CHANNELS, 3, 3]],
    [`${name}.bias`, [out]],
  ]),
);

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

  const build = (algorithm: "ours" | "plain", size: readonly [number, number], name: keyof typeof OUTS = "narrow") => {
    const g = createGraphBuilder({ name: "test", checkpoint, ignore: () => true });
    const x = g.input("x", "float", ["N", CHANNELS, ...size]);
    const out = OUTS[name];
    const plain = () =>
      g.scope(name, () =>
        conv(g, x, g.weight("weight", [out, CHANNELS, 3, 3]), g.weight("bias", [out]), { padding: 1 }),
      );
    g.output("y", algorithm === "plain" ? plain() : conv2d(g, name, x, out, { kernel: 3, padding: 1 }));
    return g.finish();
  };
  const run = async (x: Tensor, ...[algorithm, size, name]: Parameters<typeof build>) => {
    const session = await InferenceSession.create(build(algorithm, size, name).bytes, {
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const { y } = await session.run({ x });
    await session.release();
    return y!;
  };

  it.each<[what: string, n: number, size: readonly [number, number], name: keyof typeof OUTS]>([
    ["a small picture", 1, [12, 12], "narrow"],
    ["small pictures", 3, [32, 32], "narrow"],
    ["pictures that are not square", 2, [16, 24], "narrow"],
    ["weights in parts", 2, [12, 12], "wide"],
    ["large pictures", 2, [64, 64], "narrow"],
    ["a picture in bands of rows", 1, [256, 256], "narrow"],
  ])("agree with the plain sum, to the picture's edges: %s", async (_, n, size, name) => {
    const { data, dims } = createRandom(1).normal([n, CHANNELS, ...size]);
    const x = tensor(data as Float32Array, dims);
    const [fast, plain] = [await run(x, "ours", size, name), await run(x, "plain", size, name)];
    expect(fast.dims).toEqual([n, OUTS[name], ...size]);
    const scale = Math.sqrt(9 * CHANNELS); // standard deviation of a result
    expect(largestDifference(fast.data as Float32Array, plain.data as Float32Array)).toBeLessThan(1e-4 * scale); // float32 sums of numbers up to 100 times the result's terms
  });

  it("are left alone where the picture is small or does not fall into tiles", () => {
    const operators = (size: number) => build("ours", [size, size]).operations.map(({ op }) => op);
    expect(operators(12)).toContain("MatMul");
    expect(operators(8)).toEqual(["Conv"]);
    expect(operators(34)).toEqual(["Conv"]);
  });

  it("maps weights in parts, each within 32 MiB once it is transformed, and transforms them in every run", () => {
    const { operations } = build("ours", [32, 32], "wide");
    const transforms = operations.filter(
      ({ output: { dims } }) => dims.length === 4 && dims[0] === 1 && dims[1] === 36,
    );
    const parts = transforms.map(({ output }) => output.dims);
    const count = Math.ceil((OUTS.wide * CHANNELS * 36 * 4) / 2 ** 25);
    expect(parts).toEqual(Array(count).fill([1, 36, OUTS.wide / count, CHANNELS]));
  });

  it.each<[size: number, bands: number, rows: number]>([
    [256, 2, 32],
    [512, 4, 32],
    [2048, 32, 16],
  ])("falls into bands of rows where the picture is large: %i pixels", (size, bands, rows) => {
    const { operations } = build("ours", [size, size]);
    const pieces = operations.filter(({ op, output }) => op === "Conv" && output.dims[0] === "N*128");
    expect(pieces.map(({ output }) => output.dims.slice(2))).toEqual(Array(bands).fill([rows, size / 4]));
  });
});
