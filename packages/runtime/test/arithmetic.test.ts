import { describe, expect, it } from "vitest";
import { createRuntime, openSession } from "@unclip/runtime/node";
import { createRuntime as createWebRuntime } from "@unclip/runtime/web";
import { add, createGraphBuilder } from "@unclip/graph";
import type { ModelFolder } from "@unclip/runtime";
import { checkArithmetic, type Arithmetic } from "../src/arithmetic.js";
import { createRuntimeWith } from "../src/runtime.js";
import { emptyGraph } from "../../graph/test/support.js";

describe("checkArithmetic", () => {
  it("lets float32 be computed everywhere, and float16 on graphics cards", () => {
    for (const device of ["auto", "cpu", "wasm", "webgpu", "cuda", "dml", "coreml"] as const) {
      expect(() => checkArithmetic("float32", device)).not.toThrow();
      if (device !== "cpu" && device !== "wasm") expect(() => checkArithmetic("float16", device)).not.toThrow();
    }
  });

  it.each(["cpu", "wasm"] as const)("refuses float16 on %s", (device) => {
    const message =
      `arithmetic: "float16" is for the devices "webgpu", "cuda", "dml" and "coreml", got "${device}"; ` +
      'name one of these, or give "float32"';
    expect(() => checkArithmetic("float16", device)).toThrow(expect.objectContaining({ code: "input", message }));
  });

  it("says why auto found no graphics card", () => {
    const message =
      'arithmetic: "float16" needs a graphics card, and "webgpu" was not taken: no adapter; give "float32"';
    const passedOver = [{ device: "webgpu", reason: "no adapter" }] as const;
    const error = expect.objectContaining({ code: "session", message });
    expect(() => checkArithmetic("float16", "cpu", passedOver)).toThrow(error);
  });

  it.each(["fp16", "", 16, null])("refuses %j", (arithmetic) => {
    const message = `arithmetic: expected "float32" or "float16", got ${JSON.stringify(arithmetic)}`;
    const error = expect.objectContaining({ code: "input", message });
    expect(() => checkArithmetic(arithmetic as Arithmetic, "webgpu")).toThrow(error);
  });
});

describe("arithmetic of a runtime", () => {
  it("is float32 by default", async () => {
    expect(await createRuntime()).toMatchObject({ device: "cpu", arithmetic: "float32" });
    expect(await createRuntime({ device: "wasm", threads: 1 })).toMatchObject({ arithmetic: "float32" });
  });

  it.each([{}, { device: "cpu" }, { device: "wasm" }] as const)("is not float16 in Node with %j", async (options) => {
    const error = { code: "input", message: expect.stringMatching(/^arithmetic: "float16" is for the devices/) };
    await expect(createRuntime({ ...options, arithmetic: "float16" })).rejects.toMatchObject(error);
  });

  it("is not float16 in browsers unless WebGPU is asked for", async () => {
    const error = { code: "input", message: expect.stringContaining('got "wasm"') };
    await expect(createWebRuntime({ arithmetic: "float16", threads: 1 })).rejects.toMatchObject(error);
  });

  it("says what weights take in memory", async () => {
    const entry = { dims: [3], offset: 0, file: "w" };
    const weights = new Map([
      ["a", { ...entry, type: "F32" as const, sizeBytes: 12 }],
      ["b", { ...entry, type: "F16" as const, sizeBytes: 6 }],
    ]);
    const g = createGraphBuilder({ name: "net", checkpoint: { name: "net", weights } });
    g.output("y", add(g, add(g, g.weight("a", [3]), g.weight("b", [3])), g.constant("float", [1], [1])));
    const bytesIn = async (arithmetic: Arithmetic) => {
      const events: number[] = [];
      const open = async () => ({ run: async () => ({}), release: async () => {} });
      const platform = { device: "webgpu", arithmetic, passedOver: [], open } as const;
      const runtime = createRuntimeWith(platform, { onEvent: ({ weightBytes }) => events.push(weightBytes) });
      await runtime.network(g.finish(), { name: "folder" } as ModelFolder).run({});
      return events;
    };
    expect(await bytesIn("float32")).toEqual([24]);
    expect(await bytesIn("float16")).toEqual([12]);
  });

  it("is not float16 for a single session on the processor", async () => {
    const g = emptyGraph();
    g.output("y", g.input("x", "float", [1]));
    const error = { code: "input", message: expect.stringContaining('got "cpu"') };
    await expect(openSession({ graph: g.finish() }, { arithmetic: "float16" })).rejects.toMatchObject(error);
  });
});
