import { createCheckpoint, createGraphBuilder, transformerAttentionBlock, type Checkpoint } from "@unclip/graph";
import { createRandom, sizeOf, tensor } from "@unclip/tensor";
import { InferenceSession } from "onnxruntime-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../../test-support/index.js";

const [CHANNELS, SIZE, COPIES] = [32, 16, 4];
const FEED_FORWARD = ["net.0.proj", "net.2"].map((name) => `b.transformer_blocks.0.ff.${name}`);
const BYTES = { F32: 4, I8: 1, U8: 1 };

describe("transformerAttentionBlock", () => {
  let folder = "";
  const checkpoints: Record<string, Checkpoint> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "transformer-"));
    const shapes = shapesOf();
    checkpoints["float"] = await write("float", shapes);
    const int8 = FEED_FORWARD.flatMap((layer): [string, Shape][] => {
      const { dims } = shapes.get(`${layer}.weight`)!;
      return [
        [`${layer}.weight`, { type: "I8", dims }],
        [`${layer}.weight_scale`, { type: "F32", dims: [dims[0]!] }],
        [`${layer}.input_scale`, { type: "F32", dims: [1] }],
        [`${layer}.input_zero_point`, { type: "U8", dims: [1] }],
      ];
    });
    checkpoints["int8"] = await write("int8", new Map([...shapes, ...int8]));
  });
  afterAll(() => rm(folder, { recursive: true }));

  interface Shape {
    readonly type: keyof typeof BYTES;
    readonly dims: readonly number[];
  }
  const build = (checkpoint: Checkpoint, width = SIZE) => {
    const g = createGraphBuilder({ name: "test", checkpoint });
    const x = g.input("x", "float", ["N", CHANNELS, SIZE, width]);
    const context = g.input("context", "float", ["N", 3, 24]);
    g.output("y", transformerAttentionBlock(g, "b", x, { heads: 4, groups: 8, context }));
    return g.finish();
  };
  /** The weights that the block wants, in float32. */
  const shapesOf = (): Map<string, Shape> => {
    const shapes = new Map<string, Shape>();
    const plan = (key: string, dims: readonly number[]) => {
      shapes.set(key, { type: "F32", dims });
      return { type: "F32" as const, dims, offset: 0, sizeBytes: 4 * sizeOf(dims), file: "none" };
    };
    build({ name: "test", weights: new Map(), plan });
    return shapes;
  };
  const write = async (file: string, shapes: ReadonlyMap<string, Shape>): Promise<Checkpoint> => {
    let [offset, seed] = [0, 0];
    const parts: Uint8Array[] = [];
    const entries = [...shapes].map(([key, { type, dims }]) => {
      const normal = createRandom(++seed).normal([...dims]).data as Float32Array;
      const values = {
        F32: () =>
          key.endsWith("_scale") ? normal.fill(0.04) : normal.map((value) => value / Math.sqrt(dims.at(-1)!)),
        I8: () => Int8Array.from(normal, (value) => Math.round(40 * Math.max(-3, Math.min(3, value)))),
        U8: () => Uint8Array.of(128),
      }[type]();
      parts.push(new Uint8Array(values.buffer));
      const entry = { type, dims, offset, sizeBytes: sizeOf(dims) * BYTES[type] };
      offset += entry.sizeBytes;
      return [key, entry] as const;
    });
    await writeFile(join(folder, file), Buffer.concat(parts));
    return createCheckpoint("test", new Map([[file, new Map(entries)]]));
  };
  const run = async (checkpoint: Checkpoint, x: Float32Array, width: number) => {
    const session = await InferenceSession.create(build(checkpoint, width).bytes, {
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const context = tensor(createRandom(2).normal([1, 3, 24]).data as Float32Array, [1, 3, 24]);
    const { y } = await session.run({ x: tensor(x, [1, CHANNELS, SIZE, width]), context });
    await session.release();
    return y!.data as Float32Array;
  };
  /** Copies of a picture [C, H, W] side by side. */
  const repeat = (picture: Float32Array) =>
    Float32Array.from({ length: picture.length * COPIES }, (_, i) => {
      const [row, column] = [Math.floor(i / (SIZE * COPIES)), i % SIZE];
      return picture[row * SIZE + column]!;
    });

  it.each([
    ["float", 1e-4], // sums in another order
    ["int8", 0.3], // such sums may round to the next step: two products of int8, whose steps are 0.04 of inputs of about 1
  ])("makes of a picture beside its copies what it makes of the picture, in parts: %s", async (type, tolerance) => {
    const checkpoint = checkpoints[type]!;
    const picture = createRandom(1).normal([CHANNELS, SIZE, SIZE]).data as Float32Array;
    const one = await run(checkpoint, picture, SIZE);
    const four = await run(checkpoint, repeat(picture), SIZE * COPIES);
    const difference = largestDifference(four, repeat(one));
    expect(difference).toBeLessThan(tolerance);
    const changed = largestDifference(one, picture);
    expect(changed).toBeGreaterThan(10 * tolerance);
  });

  it("names a layer once that it uses for parts of at most 512 tokens", () => {
    const graph = build(checkpoints["float"]!, SIZE * COPIES);
    const keys = graph.layers.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const layer of FEED_FORWARD) {
      const { uses } = graph.layers.find(({ key }) => key === `${layer}.weight`)!;
      expect(uses.map(({ x }) => x.dims[1])).toEqual([512, 512]);
    }
    expect(graph.layers.find(({ key }) => key === "b.proj_in.weight")!.uses).toHaveLength(1);
  });
});
