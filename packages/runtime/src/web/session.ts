import { UnclipError } from "@unclip/tensor";
import type { Arithmetic } from "../arithmetic.js";
import type { BlobFolder, ModelFolder } from "../model-folder.js";
import { sessionOver } from "../ort-session.js";
import {
  bytesFor,
  executionProvider,
  optimizationLevel,
  outputLocations,
  type Model,
  type Session,
} from "../session.js";
import { checkFits, withinMemory } from "./memory.js";
import { importOnnxRuntime, type WasmOptions } from "./onnx-runtime.js";

/** The devices of browsers. */
export type WebDevice = "wasm" | "webgpu";

/** Options of {@link openSession}. */
export interface SessionOptions extends WasmOptions {
  readonly device: WebDevice;
  readonly arithmetic: Arithmetic;
}

/** Opens a graph with onnxruntime-web. The weights of a session are handed over when it opens. */
export async function openSession(model: Model, { device, arithmetic, ...wasm }: SessionOptions): Promise<Session> {
  const { InferenceSession } = await importOnnxRuntime(device, wasm);
  const { graph, folder } = model;
  const blobs = await Promise.all(graph.weightFiles.map(async (path) => ({ path, blob: await blobOf(folder!, path) })));
  const sizeBytes = blobs.reduce((sum, { blob }) => sum + blob.size, 0);
  checkFits(graph.name, sizeBytes);
  const session = await withinMemory(graph.name, sizeBytes, async () =>
    InferenceSession.create(bytesFor(graph, device, arithmetic), {
      executionProviders: [executionProvider(graph, device)],
      graphOptimizationLevel: optimizationLevel(graph),
      logSeverityLevel: 3,
      ...outputLocations(model, device),
      externalData: await Promise.all(
        blobs.map(async ({ path, blob }) => ({ path, data: new Uint8Array(await blob.arrayBuffer()) })),
      ),
    }),
  );
  return sessionOver(session);
}

function blobOf(folder: ModelFolder, path: string): Promise<Blob> {
  if (!("blob" in folder)) {
    throw new UnclipError(
      "session",
      `${folder.name}: onnxruntime-web needs a folder opened with openModelFolder of @unclip/runtime/web`,
    );
  }
  return (folder as BlobFolder).blob(path);
}
