import type { Graph } from "@unclip/graph";
import { UnclipError, type Tensor } from "@unclip/tensor";
import type { Directory, ModelFolder } from "../model-folder.js";
import type { Session } from "../runtime.js";

/** Above that, opening a network with convolutions counts more than 4 % of a step: "all", unlike "extended", copies the weights of
 * convolutions into another order, at 2 s per GB. Convolutions with few channels need it, but such networks are small. */
const LARGE_BYTES = 2 ** 30;

/** Options of {@link openSession}. */
export interface SessionOptions {
  /** Threads of one run; default one for each core. */
  readonly threads?: number;
}

/** Opens a graph on the CPU with onnxruntime-node. The weights stay in their files: ONNX Runtime maps them by path. */
export async function openSession(
  graph: Graph,
  folder: ModelFolder,
  { threads }: SessionOptions = {},
): Promise<Session> {
  const { InferenceSession } = await importOnnxRuntime();
  const isLarge = graph.weightBytes > LARGE_BYTES;
  const session = await InferenceSession.create(graph.bytes, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: isLarge ? "extended" : "all",
    enableMemPattern: false, // the plan of a first run would take memory beside what that run left in the arena
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    extra: {
      session: {
        model_external_initializers_file_folder_path: weightsDirectoryOf(folder),
        ...(isLarge && !hasConvolutions(graph) && { disable_prepacking: "1" }),
      },
    },
  });
  return {
    run: async (feeds) => (await session.run(feeds)) as Record<string, Tensor>,
    release: () => session.release(),
  };
}

/** Whether a graph has any. Without, ONNX Runtime would only copy all its weights into another order: the prior of Karlo took 14 s
 * to open for that, and saved nothing on its first step and 0.15 s on each further one. */
function hasConvolutions(graph: Graph): boolean {
  return graph.operations.some(({ op }) => op === "Conv");
}

function weightsDirectoryOf(folder: ModelFolder): string {
  if (!("weightsDirectory" in folder)) {
    throw new UnclipError(
      "session",
      `${folder.name}: onnxruntime-node needs a folder on disk; open it with openModelFolder of @unclip/runtime/node`,
    );
  }
  return (folder as Directory).weightsDirectory;
}

async function importOnnxRuntime(): Promise<typeof import("onnxruntime-node")> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new UnclipError(
      "session",
      `onnxruntime-node cannot be loaded; install it with "npm install onnxruntime-node" ` +
        `(ONNXRUNTIME_NODE_INSTALL=skip in the environment leaves its GPU files out)`,
      { cause },
    );
  }
}
