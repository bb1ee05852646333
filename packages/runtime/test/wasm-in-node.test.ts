import { createGraphBuilder, linear } from "@unclip/graph";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { Tensor } from "onnxruntime-common";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder, writeSafetensors } from "./support.js";

/* Node without onnxruntime-node, which is made to fail here as on a system that it has no binary for. */

vi.mock("onnxruntime-node", () => {
  throw new Error("libonnxruntime.so.1: cannot open shared object file");
});
const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
afterEach(() => warn.mockClear());

/** A model folder whose network is y = 2 x_0 + 3 x_1 + 5. */
async function folderOfTwoWeights(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "net"));
  await writeSafetensors(join(folder, "net", "model.safetensors"), {
    "proj.weight": { dims: [1, 2], values: [2, 3] },
    "proj.bias": { dims: [1], values: [5] },
  });
  return folder;
}

describe("a runtime in Node without onnxruntime-node", () => {
  it("computes in WebAssembly, with the weights of a folder, and warns once", async () => {
    const runtime = await createRuntime({ threads: 1 });
    expect(runtime.device).toBe("wasm");
    await createRuntime({ threads: 1 });
    expect(warn.mock.calls.length).toBe(1);
    expect(String(warn.mock.calls[0]![0])).toContain("in WebAssembly, which is slower");

    const folder = await openModelFolder(await folderOfTwoWeights());
    const g = createGraphBuilder({ name: "net", checkpoint: await readCheckpoint(folder, "net") });
    g.output("y", linear(g, "proj", g.input("x", "float", [1, 2]), 1));
    const { y } = await runtime.network(g.finish(), folder).run({ x: new Tensor("float32", [10, 100], [1, 2]) });
    expect(y!.data).toEqual(Float32Array.of(10 * 2 + 100 * 3 + 5));
    await runtime.dispose();
  });

  it("does not warn where WebAssembly is asked for", async () => {
    expect((await createRuntime({ device: "wasm", threads: 1 })).device).toBe("wasm");
    expect(warn).not.toHaveBeenCalled();
  });

  it("is refused where the processor is asked for by name", async () => {
    await expect(createRuntime({ device: "webgpu" })).rejects.toMatchObject({
      code: "session",
      message: expect.stringContaining("npm install onnxruntime-node --ignore-scripts"),
    });
  });
});
