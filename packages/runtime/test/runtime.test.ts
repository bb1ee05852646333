import { add, createGraphBuilder, gather, matmul, type Graph } from "@unclip/graph";
import { createRuntime, openModelFolder, readCheckpoint, type ModelFolder } from "@unclip/runtime/node";
import { tensor } from "@unclip/tensor";
import { Tensor } from "onnxruntime-node";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeSafetensors } from "./support.js";

/** Two networks that add a constant of their own, in one folder. */
async function twoNetworks(): Promise<{ folder: ModelFolder; graphs: [Graph, Graph] }> {
  const path = await temporaryFolder();
  const build = async (name: string, value: number) => {
    await mkdir(join(path, name));
    await writeSafetensors(join(path, name, "model.safetensors"), { shift: { dims: [2], values: [value, 2 * value] } });
    const g = createGraphBuilder({ name, checkpoint: await readCheckpoint(await openModelFolder(path), name) });
    g.output("y", add(g, g.input("x", "float", [2]), g.weight("shift", [2])));
    return g.finish();
  };
  return { graphs: [await build("one", 1), await build("ten", 10)], folder: await openModelFolder(path) };
}

const x = () => tensor(Float32Array.of(0.5, 0.5), [2]);

describe("createRuntime", () => {
  it.each([
    ["keeps small networks", {}],
    ["closes one to open the other", { residentBytes: 8 }],
    ["keeps all", { keep: true }],
  ])("%s", async (_, options) => {
    const { folder, graphs } = await twoNetworks();
    const runtime = createRuntime(options);
    const [one, ten] = graphs.map((graph) => runtime.network(graph, folder));
    for (let round = 0; round < 3; round++) {
      expect([...(await one!.run({ x: x() }))["y"]!.data]).toEqual([1.5, 2.5]);
      expect([...(await ten!.run({ x: x() }))["y"]!.data]).toEqual([10.5, 20.5]);
    }
    await runtime.dispose();
  });

  it("goes on after a run that failed", async () => {
    const { folder, graphs } = await twoNetworks();
    const runtime = createRuntime();
    const network = runtime.network(graphs[0], folder);
    await expect(network.run({})).rejects.toMatchObject({
      code: "session",
      message: expect.stringContaining("one: cannot run"),
    });
    expect([...(await network.run({ x: x() }))["y"]!.data]).toEqual([1.5, 2.5]);
    await runtime.dispose();
  });

  it("says which network cannot be opened", async () => {
    const { folder } = await twoNetworks();
    const g = createGraphBuilder({ name: "broken", checkpoint: await readCheckpoint(folder, "one") });
    const weight = g.weight("shift", [2], [1, 2]);
    g.output("y", g.node("NoSuchOperator", [weight], "float", [2]));
    const network = createRuntime().network(g.finish(), folder);
    await expect(network.run({})).rejects.toThrow(/broken: cannot be opened: .*NoSuchOperator/);
  });

  it("refuses a device of another platform", () => {
    expect(() => createRuntime({ device: "wasm" })).toThrow('device: expected "cpu" on this platform, got "wasm"');
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
    const runtime = createRuntime();
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
