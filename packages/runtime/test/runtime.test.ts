import { add, createGraphBuilder, gather, matmul, type Graph } from "@unclip/graph";
import {
  createRuntime,
  openModelFolder,
  readCheckpoint,
  type Directory,
  type ModelFolder,
  type Network,
  type RuntimeEvent,
  type RuntimeOptions,
} from "@unclip/runtime/node";
import { tensor } from "@unclip/tensor";
import { Tensor } from "onnxruntime-node";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder, writeSafetensors } from "./support.js";

/** Networks that add a constant of their own, in one folder: 8 bytes of weights each. */
async function addingNetworks(constants: Record<string, number>): Promise<{ folder: ModelFolder; graphs: Graph[] }> {
  const path = await temporaryFolder();
  const graphs: Graph[] = [];
  for (const [name, value] of Object.entries(constants)) {
    await mkdir(join(path, name));
    await writeSafetensors(join(path, name, "model.safetensors"), { shift: { dims: [2], values: [value, 2 * value] } });
    const g = createGraphBuilder({ name, checkpoint: await readCheckpoint(await openModelFolder(path), name) });
    g.output("y", add(g, g.input("x", "float", [2]), g.weight("shift", [2])));
    graphs.push(g.finish());
  }
  return { graphs, folder: await openModelFolder(path) };
}

const NUMBERS = { one: 1, ten: 10, hundred: 100 };

/** A runtime over three networks, and what it reports. */
async function watched(options: RuntimeOptions = {}) {
  const { folder, graphs } = await addingNetworks(NUMBERS);
  const events: RuntimeEvent[] = [];
  const runtime = await createRuntime({ ...options, onEvent: (event) => events.push(event) });
  onTestFinished(() => runtime.dispose());
  const networks = graphs.map((graph) => runtime.network(graph, folder)) as [Network, Network, Network];
  return {
    runtime,
    networks,
    events,
    /** What has happened since it was last asked, for example "opened one". */
    news: () => events.splice(0).map(({ type, network }) => `${type} ${network}`),
  };
}

const x = () => tensor(Float32Array.of(0.5, 0.5), [2]);

/** What a network of the folder gives, in full. */
async function check(network: Network): Promise<void> {
  const shift = NUMBERS[network.name as keyof typeof NUMBERS];
  expect([...(await network.run({ x: x() }))["y"]!.data]).toEqual([shift + 0.5, 2 * shift + 0.5]);
}

describe("Network.run", () => {
  it("gives the outputs that are asked for, and refuses a name that no output has", async () => {
    const g = createGraphBuilder({ name: "two", checkpoint: { name: "two", weights: new Map() } });
    const input = g.input("x", "float", [2]);
    g.output("twice", add(g, input, input));
    g.output("thrice", add(g, add(g, input, input), input));
    const runtime = await createRuntime();
    onTestFinished(() => runtime.dispose());
    const network = runtime.network(g.finish());
    expect(Object.keys(await network.run({ x: x() })).sort()).toEqual(["thrice", "twice"]);
    const some = await network.run({ x: x() }, ["thrice"]);
    expect(Object.entries(some).map(([name, { data }]) => [name, ...data])).toEqual([["thrice", 1.5, 1.5]]);
    await expect(network.run({ x: x() }, ["y"])).rejects.toThrow(
      /^two: cannot run: 'fetches' contains invalid output name: y/,
    );
  });
});

describe("residency", () => {
  it("opens a network when it first runs, and keeps it open", async () => {
    const { networks, news, events } = await watched();
    const [one, ten] = networks;
    expect(events).toEqual([]);
    const started = performance.now();
    await check(one);
    expect(events).toEqual([{ type: "opened", network: "one", weightBytes: 8, durationMs: expect.any(Number) }]);
    expect(events[0]!.durationMs).toBeGreaterThan(0);
    expect(events[0]!.durationMs).toBeLessThan(performance.now() - started);
    expect(news()).toEqual(["opened one"]);
    await check(ten);
    await check(one);
    await check(ten);
    expect(news()).toEqual(["opened ten"]);
  });

  it("closes the network that ran longest ago, before it opens one for which there is no room", async () => {
    const { networks, news } = await watched({ residentBytes: 16 });
    const [one, ten, hundred] = networks;
    await check(one);
    await check(ten);
    await check(one);
    expect(news()).toEqual(["opened one", "opened ten"]);
    await check(hundred);
    expect(news()).toEqual(["closed ten", "opened hundred"]);
    await check(one);
    expect(news()).toEqual([]);
    await check(ten);
    expect(news()).toEqual(["closed hundred", "opened ten"]);
  });

  it.each([15, 8, 0])("with room for %d bytes, keeps only the network that runs", async (residentBytes) => {
    const { networks, news } = await watched({ residentBytes });
    const [one, ten] = networks;
    await check(one);
    await check(one);
    await check(ten);
    await check(one);
    expect(news()).toEqual(["opened one", "closed one", "opened ten", "closed ten", "opened one"]);
  });

  it("closes as many as a large network needs", async () => {
    const { networks, news, runtime } = await watched({ residentBytes: 24 });
    for (const network of networks) await check(network);
    news();
    const path = await temporaryFolder();
    await writeSafetensors(join(path, "model.safetensors"), { shift: { dims: [4], values: [1, 2, 3, 4] } });
    const folder = await openModelFolder(path);
    const g = createGraphBuilder({ name: "large", checkpoint: await readCheckpoint(folder, "") });
    g.output("y", add(g, g.input("x", "float", [4]), g.weight("shift", [4])));
    const large = runtime.network(g.finish(), folder);
    const { y } = await large.run({ x: tensor(new Float32Array(4), [4]) });
    expect([...y!.data]).toEqual([1, 2, 3, 4]);
    expect(news()).toEqual(["closed one", "closed ten", "opened large"]);
  });

  it("keeps all with keep: true, whatever residentBytes says", async () => {
    const { networks, news } = await watched({ keep: true, residentBytes: 8 });
    for (const network of [...networks, ...networks]) await check(network);
    expect(news()).toEqual(["opened one", "opened ten", "opened hundred"]);
  });

  it("never closes a network while it runs: runs that are started together follow one another", async () => {
    const { networks, news } = await watched({ residentBytes: 8 });
    await Promise.all([...networks, ...networks].map(check));
    const opened = ["one", "ten", "hundred", "one", "ten", "hundred"].flatMap((name) => [
      `opened ${name}`,
      `closed ${name}`,
    ]);
    expect(news()).toEqual(opened.slice(0, -1));
  });

  it("closes everything on dispose, after what still runs, and opens again afterwards", async () => {
    const { runtime, networks, news } = await watched();
    const [one, ten] = networks;
    const running = Promise.all([check(one), check(ten)]);
    await runtime.dispose();
    expect(news()).toEqual(["opened one", "opened ten", "closed one", "closed ten"]);
    await running;
    await runtime.dispose();
    expect(news()).toEqual([]);
    await check(ten);
    expect(news()).toEqual(["opened ten"]);
  });

  it("takes a network that cannot be opened for closed, and goes on", async () => {
    const { runtime, networks, news } = await watched();
    const g = createGraphBuilder({ name: "broken", checkpoint: { name: "broken", weights: new Map() } });
    g.output("y", g.node("NoSuchOperator", [g.input("x", "float", [2])], "float", [2]));
    const broken = runtime.network(g.finish());
    await expect(broken.run({ x: x() })).rejects.toThrow(/^broken: cannot be opened: .*NoSuchOperator/);
    await expect(broken.run({ x: x() })).rejects.toMatchObject({ code: "session" });
    await check(networks[0]);
    expect(news()).toEqual(["opened one"]);
  });
});

describe("createRuntime", () => {
  it("goes on after a run that failed", async () => {
    const { networks, news } = await watched();
    await expect(networks[0].run({})).rejects.toMatchObject({
      code: "session",
      message: expect.stringContaining("one: cannot run"),
    });
    await check(networks[0]);
    expect(news()).toEqual(["opened one"]);
  });

  it("says where it runs", async () => {
    expect(await createRuntime()).toMatchObject({ device: "cpu", passedOver: [], threads: undefined });
    for (const threads of [1, 1024]) {
      expect(await createRuntime({ device: "cpu", threads })).toMatchObject({ device: "cpu", threads });
    }
  });

  it.each([
    ["metal", 'device: expected one of "auto", "cpu", "wasm", '],
    ["gpu", 'in Node, got "gpu"'],
  ])("refuses the device %s, which Node does not have", async (device, message) => {
    const error = createRuntime({ device: device as "wasm" });
    await expect(error).rejects.toMatchObject({ code: "input", message: expect.stringContaining(message) });
  });

  it.each<[RuntimeOptions, string]>([
    [{ threads: 0 }, "threads: expected a whole number from 1 to 1024, got 0"],
    [{ threads: 1.5 }, "threads: expected a whole number from 1 to 1024, got 1.5"],
    [{ threads: 1025 }, "threads: expected a whole number from 1 to 1024, got 1025"],
    [{ residentBytes: -1 }, "residentBytes: expected a number of bytes from 0 on, got -1"],
    [{ residentBytes: NaN }, "residentBytes: expected a number of bytes from 0 on, got NaN"],
  ])("refuses %j", async (options, message) => {
    await expect(createRuntime(options)).rejects.toMatchObject({ code: "input", message });
  });

  it.skipIf(process.platform !== "linux")("runs on as many threads as it is told", async () => {
    const threads = async (count: number) => {
      const { networks } = await watched({ threads: count });
      const before = (await readdir("/proc/self/task")).length;
      await check(networks[0]);
      return (await readdir("/proc/self/task")).length - before;
    };
    await threads(1); // what ONNX Runtime starts once for the process
    expect([await threads(1), await threads(4)]).toEqual([0, 3]); // the thread that calls is one of them
  });

  it("refuses weights without a folder, and to keep an output that is not there", async () => {
    const { folder, graphs } = await addingNetworks({ one: 1 });
    const runtime = await createRuntime();
    const refusal = (message: string) => expect.objectContaining({ code: "input", message });
    expect(() => runtime.network(graphs[0]!)).toThrow(
      refusal("one: its weights are in one/model.safetensors; give the model folder"),
    );
    expect(() => runtime.network(graphs[0]!, folder, { keepOutputs: ["y", "z"] })).toThrow(
      refusal('one: keepOutputs: expected some of y, got "z"'),
    );
    const g = createGraphBuilder({ name: "two", checkpoint: { name: "two", weights: new Map() } });
    const input = g.input("x", "float", [2]);
    for (const name of ["a", "b"]) g.output(name, input);
    expect(() => runtime.network(g.finish(), undefined, { keepOutputs: ["c"] })).toThrow(
      refusal('two: keepOutputs: expected some of a, b, got "c"'),
    );
  });

  it("refuses weights that are not on a disk", async () => {
    const { folder, graphs } = await addingNetworks({ one: 1 });
    const { weightsDirectory: _, ...elsewhere } = folder as Directory;
    const network = (await createRuntime()).network(graphs[0]!, elsewhere);
    await expect(network.run({ x: x() })).rejects.toMatchObject({
      code: "session",
      message: `${folder.name}: Node needs a folder on disk; open it with openModelFolder of @unclip/runtime/node`,
    });
  });

  it("gives outputs that are kept as tensors that can be fed again", async () => {
    const { folder, graphs } = await addingNetworks({ one: 1 });
    const runtime = await createRuntime();
    onTestFinished(() => runtime.dispose());
    const network = runtime.network(graphs[0]!, folder, { keepOutputs: ["y"] });
    const { y } = await network.run({ x: x() });
    const again = (await network.run({ x: y! }))["y"]!;
    expect([...(await again.getData())]).toEqual([2.5, 4.5]);
  });

  it("maps weights: none of them enters JavaScript's memory", async () => {
    const [rows, width] = [2 ** 16, 1024];
    const path = await temporaryFolder();
    await mkdir(join(path, "table"));
    await writeSafetensors(join(path, "table", "model.safetensors"), {
      rows: { dims: [rows, width], values: [1, 2, 3] },
    }); // 256 MiB
    const before = process.memoryUsage();
    const folder = await openModelFolder(path);
    const g = createGraphBuilder({ name: "table", checkpoint: await readCheckpoint(folder, "table") });
    const picked = gather(g, g.weight("rows", [rows, width]), g.input("ids", "int32", ["N"]));
    g.output("y", matmul(g, picked, g.constant("float", Array<number>(width).fill(1), [width, 1])));
    const runtime = await createRuntime();
    const { y } = await runtime
      .network(g.finish(), folder)
      .run({ ids: new Tensor("int32", Int32Array.of(0, rows - 1), [2]) });
    const after = process.memoryUsage();
    await runtime.dispose();
    expect([...y!.data]).toEqual([6, 0]);
    const grown = (field: "external" | "arrayBuffers" | "heapUsed") => (after[field] - before[field]) / 2 ** 20;
    for (const field of ["external", "arrayBuffers", "heapUsed"] as const) expect(grown(field), field).toBeLessThan(32); // MiB, of 256
  });
});
