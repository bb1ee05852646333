import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sessionOver } from "../ort-session.js";
import { bytesFor, optimizationLevel, type Model, type Session } from "../session.js";
import { importWasmRuntime } from "./onnx-runtime.js";
import { weightsDirectoryOf } from "./weights-directory.js";

/** Opens a graph with onnxruntime-web in Node. WebAssembly has a memory of its own, so that the weights are read into it. */
export async function openWasmSession(model: Model, threads: number): Promise<Session> {
  const { InferenceSession } = await importWasmRuntime(threads);
  const { graph, folder } = model;
  const externalData = await Promise.all(
    graph.weightFiles.map(async (path) => ({
      path,
      data: new Uint8Array(await readFile(join(weightsDirectoryOf(folder!), path))),
    })),
  );
  const session = await InferenceSession.create(bytesFor(graph, "wasm"), {
    executionProviders: ["wasm"],
    graphOptimizationLevel: optimizationLevel(graph),
    logSeverityLevel: 3,
    externalData,
  });
  return sessionOver(session);
}
