import { conv2d, createGraphBuilder, linear, type Graph } from "@unclip/graph";
import { createRuntime, openModelFolder, readCheckpoint, type Directory } from "@unclip/runtime/node";
import { createRandom } from "@unclip/tensor";
import { mkdir, readdir, readFile, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";
import { openPrepared, type Preparation } from "../src/node/prepared.js";
import { safetensors, temporaryFolder } from "./support.js";

const CHANNELS = 16;
const WIDTH = 32;
const DIMS = [1, CHANNELS, 8, WIDTH];
const x = createRandom(1).normal(DIMS);
const floats = (count: number, value: number) => ({
  dims: [count],
  bytes: new Uint8Array(new Float32Array(count).fill(value).buffer),
});
const small = (count: number, value: number) => ({
  dtype: "U8",
  dims: [count],
  bytes: new Uint8Array(count).fill(value),
});

/** A model folder whose decoder has an int8 convolution and an int8 linear layer. */
async function modelFolder(seed = 2): Promise<Directory> {
  const path = await temporaryFolder();
  const integers = (dims: number[]) => {
    const values = createRandom(seed).normal(dims).data as Float32Array;
    return { dtype: "I8", dims, bytes: new Uint8Array(Int8Array.from(values, (value) => 40 * value).buffer) };
  };
  await mkdir(join(path, "decoder"));
  await writeFile(
    join(path, "decoder", "model.safetensors"),
    safetensors({
      "conv.weight": integers([CHANNELS, CHANNELS, 3, 3]),
      "conv.weight_scale": floats(CHANNELS, 0.01),
      "conv.input_scale": floats(1, 0.03),
      "conv.input_zero_point": small(1, 128),
      "conv.output_scale": floats(CHANNELS, 0.2),
      "conv.output_zero_point": small(CHANNELS, 128),
      "conv.bias": floats(CHANNELS, 0.5),
      "linear.weight": integers([WIDTH, WIDTH]),
      "linear.weight_scale": floats(WIDTH, 0.01),
      "linear.input_scale": floats(WIDTH, 0.1),
      "linear.input_zero_point": small(1, 128),
      "linear.bias": floats(WIDTH, 0.25),
    }),
  );
  return openModelFolder(path);
}

/** @param output its name, by which graphs of the same network differ here */
async function graphOver(folder: Directory, output = "y"): Promise<Graph> {
  const g = createGraphBuilder({ name: "decoder", checkpoint: await readCheckpoint(folder, "decoder") });
  const middle = conv2d(g, "conv", g.input("x", "float", DIMS), CHANNELS, { kernel: 3, padding: 1 });
  g.output(output, linear(g, "linear", middle, WIDTH));
  return g.finish();
}

async function preparation(folder: Directory, output?: string): Promise<Preparation> {
  const { name, bytes, weightFiles } = await graphOver(folder, output);
  return {
    name,
    bytes,
    weights: weightFiles.map((path) => join(folder.weightsDirectory, path)),
    options: {
      graphOptimizationLevel: "extended",
      logSeverityLevel: 4, // errors are expected here
      extra: { session: { model_external_initializers_file_folder_path: folder.weightsDirectory } },
    },
  };
}

/** What a session gives for x. */
async function run(session: InferenceSession): Promise<Float32Array> {
  const [output] = Object.values(await session.run({ x }));
  await session.release();
  return output!.data as Float32Array;
}

/** The only folder of a folder. */
async function only(folder: string): Promise<string> {
  const names = await readdir(folder);
  expect(names).toHaveLength(1);
  return join(folder, names[0]!);
}

const prepared = async (kept: string) => only(await only(kept));

describe("openPrepared", () => {
  let folder: Directory;
  let kept: string;
  let expected: Float32Array;
  let create: MockInstance<typeof InferenceSession.create>;
  beforeEach(async () => {
    folder = await modelFolder();
    kept = join(await temporaryFolder(), "prepared");
    const { bytes, options } = await preparation(folder);
    expected = await run(await InferenceSession.create(bytes, options));
    create = vi.spyOn(InferenceSession, "create");
  });
  afterEach(() => create.mockRestore());

  const open = async (output?: string) => run(await openPrepared(await preparation(folder, output), kept));
  /** Of the sessions opened since it was last asked, whether each was opened from what was kept. */
  const fromKept = () => {
    const opened = create.mock.calls.map(([what]) => typeof what === "string");
    create.mockClear();
    return opened;
  };

  it("keeps a network the first time and opens that from then on, with the same numbers bit for bit", async () => {
    expect(await open()).toEqual(expected);
    expect(fromKept()).toEqual([false, true]);
    const place = await prepared(kept);
    expect((await readdir(place)).sort()).toEqual(["network.onnx", "prepared.json", "weights.bin"]);
    const before = await stat(join(place, "weights.bin"));
    expect(await open()).toEqual(expected);
    expect(fromKept()).toEqual([true]);
    expect((await stat(join(place, "weights.bin"))).ino).toBe(before.ino);
    expect(JSON.parse(await readFile(join(place, "prepared.json"), "utf8"))).toMatchObject({ network: "decoder" });
  });

  it("reads weights from what is kept alone", async () => {
    const path = join(folder.directory, "decoder", "model.safetensors");
    const time = new Date(2_000_000_000);
    await utimes(path, time, time);
    await open();
    const { size } = await stat(path);
    await writeFile(path, Buffer.concat([(await readFile(path)).subarray(0, -64), Buffer.alloc(64)])); // half a bias
    await utimes(path, time, time);
    expect((await stat(path)).size).toBe(size);
    expect(await open()).toEqual(expected);
    await utimes(path, time, new Date(0));
    expect(await open()).not.toEqual(expected);
  });

  it("makes it anew when the model's files have changed, and removes what was made of the old ones", async () => {
    await open();
    const old = await prepared(kept);
    const other = await modelFolder(3);
    const path = join(folder.directory, "decoder", "model.safetensors");
    await writeFile(path, await readFile(join(other.directory, "decoder", "model.safetensors")));
    await utimes(path, new Date(), new Date(Date.now() + 5000));
    const changed = await open();
    expect(changed).not.toEqual(expected);
    expect(fromKept()).toEqual([false, true, false, true]);
    expect(await prepared(kept)).not.toBe(old);
  });

  it.each([
    ["a file that is cut off", async (place: string) => truncate(join(place, "weights.bin"), 100)],
    ["a graph that is none", spoil("network.onnx")],
    ["no record", async (place: string) => writeFile(join(place, "prepared.json"), "")],
  ])("makes it anew where it finds %s", async (_, damage) => {
    await open();
    const place = await prepared(kept);
    const files = await readFile(join(place, "weights.bin"));
    await damage(place);
    fromKept();
    expect(await open()).toEqual(expected);
    expect(fromKept().slice(-2)).toEqual([false, true]);
    expect(await readFile(join(place, "weights.bin"))).toEqual(files);
    expect(await open()).toEqual(expected);
    expect(fromKept()).toEqual([true]);
  });

  it("opens a network all the same where nothing can be written", async () => {
    await writeFile(kept, "a file");
    expect(await open()).toEqual(expected);
    expect(fromKept()).toEqual([false]);
    expect(await readFile(kept, "utf8")).toBe("a file");
  });

  it("leaves nothing behind, and says what is wrong, where ONNX Runtime refuses a network", async () => {
    const { bytes, ...others } = await preparation(folder);
    await expect(openPrepared({ ...others, bytes: bytes.subarray(0, -40) }, kept)).rejects.toThrow(/protobuf|parse/i);
    expect(await readdir(await only(kept))).toEqual([]);
  });

  it("keeps four graphs of a network, those that were used last", async () => {
    for (const [i, output] of ["a", "b", "c", "d"].entries()) {
      await open(output);
      const place = await only(kept);
      for (const name of await readdir(place)) {
        const record = join(place, name, "prepared.json");
        const { mtimeMs } = await stat(record);
        if (Date.now() - mtimeMs < 60_000) await utimes(record, new Date(), new Date(Date.now() - (10 - i) * 100_000));
      }
    }
    fromKept();
    await open("a"); // now "b" was not used for longest
    await open("e");
    expect(await readdir(await only(kept))).toHaveLength(4);
    expect(fromKept()).toEqual([true, false, true]);
    await open("a");
    await open("b");
    expect(fromKept()).toEqual([true, false, true]);
  });

  it("removes what a process left half-written, an hour later", async () => {
    await open();
    const place = await only(kept);
    const [old, young] = ["old.partial", "young.partial"].map((name) => join(place, name));
    await mkdir(old!);
    await mkdir(young!);
    await utimes(old!, new Date(), new Date(Date.now() - 2 * 3_600_000));
    await open("z");
    const names = await readdir(place);
    expect(names).toContain("young.partial");
    expect(names).not.toContain("old.partial");
  });
});

/** Writes zeros over a file of the same size. */
function spoil(name: string) {
  return async (place: string) => {
    const path = join(place, name);
    await writeFile(path, Buffer.alloc((await stat(path)).size));
  };
}

describe("keepPrepared", () => {
  /** Opens a network of one linear layer in a runtime, and says what lies in the cache afterwards. */
  async function cacheAfter({ rows, keepPrepared }: { rows: number; keepPrepared?: boolean }): Promise<string[]> {
    const cache = await temporaryFolder();
    vi.stubEnv("HF_ASSETS_CACHE", cache);
    const path = await temporaryFolder();
    const columns = 2 ** 13;
    await writeFile(
      join(path, "model.safetensors"),
      safetensors({
        "l.weight": { dtype: "I8", dims: [rows, columns], bytes: new Uint8Array(rows * columns) },
        "l.weight_scale": floats(rows, 1),
        "l.input_scale": floats(1, 1),
        "l.input_zero_point": small(1, 0),
      }),
    );
    const folder = await openModelFolder(path);
    const g = createGraphBuilder({ name: "prior", checkpoint: await readCheckpoint(folder, "") });
    g.output("y", linear(g, "l", g.input("x", "float", [1, columns]), rows, { bias: false }));
    const runtime = await createRuntime({ ...(keepPrepared !== undefined && { keepPrepared }) });
    await runtime.network(g.finish(), folder).run({ x: createRandom(0).normal([1, columns]) });
    await runtime.dispose();
    vi.unstubAllEnvs();
    const names = await readdir(cache, { recursive: true });
    return names.filter((name) => name.endsWith("prepared.json")).map((name) => name.split(sep).join("/"));
  }

  it("keeps networks of more than 64 MiB of int8 where it is asked for, and no others", async () => {
    expect(await cacheAfter({ rows: 2 ** 13 + 16, keepPrepared: true })).toEqual([
      expect.stringMatching(/^unclip\/prepared\/prior-[0-9a-f]{8}\/[0-9a-f]{16}\/prepared\.json$/),
    ]);
    expect(await cacheAfter({ rows: 2 ** 13 + 16 })).toEqual([]);
    expect(await cacheAfter({ rows: 16, keepPrepared: true })).toEqual([]);
  });
});
