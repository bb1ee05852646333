import type { Graph } from "@unclip/graph";
import { UnclipError, type Tensor } from "@unclip/tensor";
import type { BlobFolder, ModelFolder } from "../model-folder.js";
import type { OpenSession } from "../runtime.js";

/** Opens graphs in WebAssembly with onnxruntime-web. The weights of a session are handed over when it opens. */
export const openSession: OpenSession = async (graph: Graph, folder: ModelFolder) => {
  const { InferenceSession } = await importOnnxRuntime();
  const externalData = await Promise.all(
    graph.weightFiles.map(async (path) => ({
      path,
      data: new Uint8Array(await (await blobOf(folder, path)).arrayBuffer()),
    })),
  );
  const session = await InferenceSession.create(graph.bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    externalData,
  });
  return {
    run: async (feeds) => (await session.run(feeds)) as Record<string, Tensor>,
    release: () => session.release(),
  };
};

function blobOf(folder: ModelFolder, path: string): Promise<Blob> {
  if (!("blob" in folder)) {
    throw new UnclipError(
      "session",
      `${folder.name}: onnxruntime-web needs a folder opened with openModelFolder of @unclip/runtime/web`,
    );
  }
  return (folder as BlobFolder).blob(path);
}

async function importOnnxRuntime(): Promise<typeof import("onnxruntime-web")> {
  try {
    return await import("onnxruntime-web/wasm");
  } catch (cause) {
    throw new UnclipError(
      "session",
      `onnxruntime-web cannot be loaded; install it with "npm install onnxruntime-web"`,
      { cause },
    );
  }
}
