import {
  add,
  conv,
  createGraphBuilder,
  multiHeadAttention,
  type Graph,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import { createRuntime, openModelFolder, openSession } from "@unclip/runtime/node";
import { UnclipError } from "@unclip/tensor";
import { afterEach, describe, expect, it, vi } from "vitest";
import { asSessionError, bytesFor, executionProvider, outputLocations } from "../src/session.js";
import { temporaryFolder } from "./support.js";

/* ONNX Runtime itself is replaced here: what it is asked for is the subject. */

const { opened, files, released } = vi.hoisted(() => ({
  opened: [] as Record<string, unknown>[],
  files: [] as Uint8Array[],
  released: vi.fn(),
}));
const { overflows } = vi.hoisted(() => ({ overflows: { value: false } }));
vi.mock("../src/node/int8-overflow.js", () => ({ int8Overflows: async () => overflows.value }));
const { tiles } = vi.hoisted(() => ({ tiles: { value: false } }));
vi.mock("../src/node/has-tiles.js", () => ({ hasTiles: async () => tiles.value }));
vi.mock("onnxruntime-node", () => ({
  InferenceSession: {
    create: async (file: Uint8Array, options: Record<string, unknown>) => {
      files.push(file);
      opened.push(options);
      return { run: async (feeds: unknown) => feeds, release: released };
    },
  },
}));
afterEach(() => {
  opened.splice(0);
  files.splice(0);
});

function graphOf(build: (g: GraphBuilder, x: Value) => void): Graph {
  const g = createGraphBuilder({ name: "net", checkpoint: { name: "net", weights: new Map() } });
  build(g, g.input("x", "float", [1, 4, 8]));
  return g.finish();
}

const sum = graphOf((g, x) => {
  g.output("y", add(g, x, x));
  g.output("z", x);
});
const waves = graphOf((g, x) => {
  const [sine, cosine] = ["Sin", "Cos"].map((op) => g.node(op, [x], "float", [1, 4, 8]));
  g.output("y", add(g, sine!, cosine!));
});
const attention = graphOf((g, x) => g.output("y", multiHeadAttention(g, [x, x, x], 2)));

describe("the file of a graph", () => {
  it("has operators that WebGPU computes wrong taken apart there, and nowhere else", () => {
    expect(bytesFor(attention, "webgpu")).toEqual(attention.plainBytes());
    expect(bytesFor(attention, "cpu")).toEqual(attention.bytes);
    expect(attention.plainBytes()).not.toEqual(attention.bytes);
  });

  it("is one in float16 where that is asked for, whose attention only CUDA is left", () => {
    expect(bytesFor(attention, "webgpu", "float16")).toEqual(attention.halfBytes(false));
    expect(bytesFor(attention, "dml", "float16")).toEqual(attention.halfBytes(false));
    expect(bytesFor(attention, "cuda", "float16")).toEqual(attention.halfBytes(true));
    expect(attention.halfBytes(true)).not.toEqual(attention.halfBytes(false));
  });
});

describe("the execution provider", () => {
  it("is the device, which on WebGPU leaves sines and cosines to the processor", () => {
    expect(executionProvider(waves, "cpu")).toBe("cpu");
    const names = waves.operations.filter(({ op }) => op !== "Add").map(({ output }) => output.name);
    expect(names.length).toBe(2);
    expect(executionProvider(waves, "webgpu")).toEqual({ name: "webgpu", forceCpuNodeNames: names });
    expect(executionProvider(sum, "webgpu")).toEqual({ name: "webgpu" });
  });
});

describe("outputs that are kept", () => {
  it("stay on the graphics card, and only there is anything to say", () => {
    expect(outputLocations({ graph: sum, keepOutputs: ["y"] }, "webgpu")).toEqual({
      preferredOutputLocation: { y: "gpu-buffer", z: "cpu" },
    });
    expect(outputLocations({ graph: sum, keepOutputs: ["y"] }, "cpu")).toEqual({});
    expect(outputLocations({ graph: sum }, "webgpu")).toEqual({});
  });
});

describe("asSessionError", () => {
  it("says what failed, keeps the cause, and leaves our own errors alone", async () => {
    const cause = new Error("no memory");
    const fail = (error: unknown) => asSessionError("net: cannot run", () => Promise.reject(error));
    await expect(fail(cause)).rejects.toMatchObject({ code: "session", message: "net: cannot run: no memory", cause });
    await expect(fail("odd")).rejects.toMatchObject({ code: "session", message: "net: cannot run: odd" });
    const own = new UnclipError("input", "ours");
    await expect(fail(own)).rejects.toBe(own);
    expect(await asSessionError("net", async () => 3)).toBe(3);
  });
});

describe("openSession in Node", () => {
  const convolution = graphOf((g, x) => {
    const picture = g.node("Unsqueeze", [x, g.constant("int64", [0], [1])], "float", [1, 1, 4, 8]);
    const weight = g.constant("float", [1], [1, 1, 1, 1]);
    g.output("y", add(g, conv(g, picture, weight, undefined), conv(g, picture, weight, undefined)));
  });
  const int8 = { ...sum, operations: [{ op: "Int8Linear", inputs: [], output: sum.operations[0]!.output }] };
  const GIB = 2 ** 30;

  it.each([
    ["a small network", sum, GIB / 16, { graphOptimizationLevel: "all", session: {} }],
    ["a larger one", sum, GIB, { graphOptimizationLevel: "extended", session: {} }],
    ["a small one of int8", int8, GIB / 16, { graphOptimizationLevel: "extended", session: {} }],
    ["a large one of int8", int8, GIB + 1, { graphOptimizationLevel: "basic", session: { disable_quant_qdq: "1" } }],
    ["a large one", sum, GIB + 1, { graphOptimizationLevel: "extended", session: { disable_prepacking: "1" } }],
    ["a large one with convolutions", convolution, GIB + 1, { graphOptimizationLevel: "extended", session: {} }],
  ])("opens %s with as much rearranging as pays off", async (_, graph, weightBytes, { session, ...level }) => {
    await openSession({ graph: { ...graph, weightBytes } });
    expect(opened).toEqual([
      {
        ...level,
        executionProviders: ["cpu"],
        enableMemPattern: false,
        logSeverityLevel: 3,
        extra: { session },
      },
    ]);
  });

  it("asks for products that do not overflow where this processor's would", async () => {
    overflows.value = true;
    await openSession({ graph: sum }).then(() => openSession({ graph: { ...int8, weightBytes: GIB } }));
    overflows.value = false;
    expect(opened.map(({ extra }) => extra)).toEqual([{ session: {} }, { session: { x64quantprecision: "1" } }]);
    expect(opened[1]).toMatchObject({ graphOptimizationLevel: "extended" }); // those of "basic" alone do not ask
    expect(files).toEqual([sum.bytes, int8.bytes]);
  });

  it("opens the file in bands for large networks of int8 on the processor, and for tiles where it has them", async () => {
    const bandedBytes = (isTiled: boolean) => Uint8Array.of(isTiled ? 1 : 0);
    const large = { ...int8, bandedBytes, weightBytes: GIB };
    tiles.value = true;
    await openSession({ graph: large });
    await openSession({ graph: { ...sum, bandedBytes } });
    await openSession({ graph: large }, { device: "cuda" });
    await openSession({ graph: { ...int8, bandedBytes } });
    tiles.value = false;
    await openSession({ graph: large });
    expect(files).toEqual([bandedBytes(true), sum.bytes, int8.floatBytes(), int8.bytes, bandedBytes(false)]);
  });

  it("notes what operators take where it is asked to", async () => {
    await openSession({ graph: sum }, { profile: "times" });
    expect(opened[0]).toMatchObject({ enableProfiling: true, profileFilePrefix: "times" });
  });

  it("passes on the device, the threads and where the weights are, and closes what it opened", async () => {
    const path = await temporaryFolder();
    const session = await openSession(
      { graph: sum, folder: await openModelFolder(path), keepOutputs: ["z"] },
      { device: "webgpu", threads: 3 },
    );
    expect(opened[0]).toMatchObject({
      executionProviders: [{ name: "webgpu" }],
      intraOpNumThreads: 3,
      preferredOutputLocation: { y: "cpu", z: "gpu-buffer" },
      extra: { session: { model_external_initializers_file_folder_path: path } },
    });
    await session.release();
    expect(released).toHaveBeenCalledOnce();
  });
});

describe("createRuntime in Node", () => {
  it("asks WebGPU for known numbers before auto takes it", async () => {
    const runtime = await createRuntime({ device: "auto", threads: 2 });
    expect(runtime).toMatchObject({ device: "cpu", passedOver: [{ device: "webgpu", reason: expect.any(String) }] });
    expect(opened).toMatchObject([{ executionProviders: [{ name: "webgpu" }], intraOpNumThreads: 2 }]);
  });

  it("asks for known numbers in float16, and opens networks in it", async () => {
    const failing = createRuntime({ device: "auto", arithmetic: "float16" });
    await expect(failing).rejects.toMatchObject({
      code: "session",
      message: expect.stringContaining("needs a graphics card"),
    });
    await openSession({ graph: sum }, { device: "webgpu", arithmetic: "float16" });
    expect(opened).toMatchObject([{ executionProviders: [{ name: "webgpu" }] }, {}]);
    expect(files[1]).toEqual(sum.halfBytes(false));
    expect(String(files[0])).not.toBe(String(files[1]));
  });
});
