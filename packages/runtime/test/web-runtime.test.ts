import { add, createGraphBuilder, type Graph } from "@unclip/graph";
import {
  createRuntime,
  openModelFolder,
  readCheckpoint,
  type ModelFolder,
  type RuntimeEvent,
  type RuntimeOptions,
} from "@unclip/runtime/web";
import { tensor } from "@unclip/tensor";
import { afterEach, describe, expect, it, vi } from "vitest";
import { safetensors } from "./support.js";

afterEach(() => vi.unstubAllGlobals());

/** A page: whether it may have threads, its cores, and what WebGPU offers (undefined: there is none). */
function stubPage(page: { isolated?: boolean; cores?: number; adapter?: unknown }): void {
  vi.stubGlobal("crossOriginIsolated", page.isolated ?? false);
  const gpu = "adapter" in page ? { requestAdapter: async () => page.adapter } : undefined;
  vi.stubGlobal("navigator", { hardwareConcurrency: page.cores ?? 8, gpu });
}

/** A network that adds weights [1, 2], in a folder on a server. */
async function shiftNetwork(): Promise<{ graph: Graph; folder: ModelFolder }> {
  const file = safetensors({ shift: { dims: [2], bytes: new Uint8Array(Float32Array.of(1, 2).buffer) } });
  const fetch = async (url: string | URL | Request) =>
    String(url).endsWith("/model.safetensors") ? new Response(file) : new Response(null, { status: 404 });
  const folder = await openModelFolder("http://models.test/shift", { fetch });
  const g = createGraphBuilder({ name: "shift", checkpoint: await readCheckpoint(folder, "") });
  g.output("y", add(g, g.input("x", "float", [2]), g.weight("shift", [2])));
  return { graph: g.finish(), folder };
}

const x = () => tensor(Float32Array.of(10, 20), [2]);

describe("createRuntime of the web", () => {
  it("runs a network over blobs on wasm, closes it and opens it again", async () => {
    const events: RuntimeEvent[] = [];
    const runtime = await createRuntime({ onEvent: (event) => events.push(event) });
    expect(runtime).toMatchObject({ device: "wasm", passedOver: [], threads: 1 });
    const { graph, folder } = await shiftNetwork();
    const network = runtime.network(graph, folder);
    for (let round = 0; round < 2; round++) {
      expect([...(await network.run({ x: x() }))["y"]!.data]).toEqual([11, 22]);
      await runtime.dispose();
    }
    expect(events.map(({ type }) => type)).toEqual(["opened", "closed", "opened", "closed"]);
  });

  it("refuses a folder that has no blobs", async () => {
    const { graph, folder } = await shiftNetwork();
    const { blob: _, ...onDisk } = folder as ModelFolder & { blob: unknown };
    const network = (await createRuntime()).network(graph, onDisk);
    await expect(network.run({ x: x() })).rejects.toMatchObject({
      code: "session",
      message:
        "http://models.test/shift: onnxruntime-web needs a folder opened with openModelFolder of @unclip/runtime/web",
    });
  });

  it.each([
    [{ isolated: true, cores: 2 }, 2],
    [{ isolated: true, cores: 64 }, 4],
    [{ isolated: false, cores: 64 }, 1],
  ])("of a page %j takes %d threads", async (page, threads) => {
    stubPage(page);
    expect((await createRuntime()).threads).toBe(threads);
  });

  it("takes the threads that are asked for, where the page may have them", async () => {
    stubPage({ isolated: true, cores: 2 });
    expect((await createRuntime({ threads: 6 })).threads).toBe(6);
    stubPage({ isolated: false });
    expect((await createRuntime({ threads: 1 })).threads).toBe(1);
    await expect(createRuntime({ threads: 2 })).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(
        /^threads: 2 need a cross-origin isolated page.*Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/,
      ),
    });
  });

  it.each<[string, RuntimeOptions, string]>([
    ["threads", { threads: 2 }, "threads: onnxruntime-web was started with 1, got 2; "],
    [
      "paths",
      { wasmPaths: "/ort/", threads: 1 },
      'wasmPaths: onnxruntime-web was started with undefined, got "/ort/"; ',
    ],
  ])("refuses to open with other %s than the first", async (_, options, message) => {
    const { graph, folder } = await shiftNetwork();
    await (await createRuntime()).network(graph, folder).run({ x: x() });
    stubPage({ isolated: true });
    const network = (await createRuntime(options)).network(graph, folder);
    await expect(network.run({ x: x() })).rejects.toMatchObject({
      code: "input",
      message: expect.stringContaining(message),
    });
  });

  it("refuses a device that browsers do not have", async () => {
    stubPage({});
    await expect(createRuntime({ device: "cpu" })).rejects.toMatchObject({
      code: "input",
      message: 'device: expected one of "auto", "wasm", "webgpu" in browsers, got "cpu"',
    });
  });

  const SOFTWARE = { info: { isFallbackAdapter: true } };

  it.each([
    [{}, "this browser has no WebGPU, or the page is not served over https"],
    [{ adapter: null }, "the browser offers no WebGPU adapter"],
  ])("without WebGPU says so: %j", async (page, reason) => {
    stubPage(page);
    expect(await createRuntime({ device: "auto" })).toMatchObject({
      device: "wasm",
      passedOver: [{ device: "webgpu", reason }],
    });
    await expect(createRuntime({ device: "webgpu" })).rejects.toMatchObject({
      code: "session",
      message: `device: "webgpu" does not work here: ${reason}; use "auto" or "wasm"`,
    });
  });

  it("refuses float16 on an adapter that has no such numbers", async () => {
    const reason = "its WebGPU adapter has no 16-bit floating-point numbers (shader-f16)";
    stubPage({ adapter: { features: new Set() } });
    await expect(createRuntime({ device: "auto", arithmetic: "float16" })).rejects.toMatchObject({
      code: "session",
      message: `arithmetic: "float16" needs a graphics card, and "webgpu" was not taken: ${reason}; give "float32"`,
    });
    stubPage({ adapter: { features: new Set(["shader-f16"]) } });
    await expect(createRuntime({ device: "auto", arithmetic: "float16" })).rejects.toMatchObject({
      message: expect.not.stringContaining("shader-f16"), // ONNX Runtime was asked, and finds no adapter in Node
    });
  });

  it("auto passes over an adapter that computes on the processor, which may be asked for by name", async () => {
    stubPage({ adapter: SOFTWARE });
    const reason = "its only adapter computes on the processor";
    expect((await createRuntime({ device: "auto" })).passedOver).toEqual([{ device: "webgpu", reason }]);
    // The name leads on to ONNX Runtime, which asks this stub for more than it has.
    const named = await createRuntime({ device: "webgpu" }).catch((error: Error) => error.message);
    expect(named).toMatch(/^device: "webgpu" does not work here: /);
    expect(named).not.toContain(reason);
  });

  it.each([{}, { info: {} }, { info: { isFallbackAdapter: false } }])(
    "auto asks ONNX Runtime whether the adapter %j works",
    async (adapter) => {
      stubPage({ adapter });
      const { device, passedOver } = await createRuntime({ device: "auto" });
      expect(device).toBe("wasm");
      expect(passedOver[0]!.reason).not.toContain("processor");
      expect(passedOver[0]!.reason).not.toContain("undefined (reading");
    },
  );
});
