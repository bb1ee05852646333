import { UnclipError } from "@unclip/tensor";
import { env } from "node:process";
import { isMainThread } from "node:worker_threads";

/* ONNX Runtime 1.30 sends telemetry: it writes a device id, an event queue and a log, looks up its collector some 10 seconds after the first
 * session, and crashes on command lines of 30,000 characters, which it reads for that. It asks the environment of the process once, when
 * the first session opens. Assigning to process.env changes that environment in the main thread; a worker thread has a copy of its own. */
const TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY";

if (isMainThread) env[TELEMETRY_OFF] ||= "1"; // empty counts as unset there

/** onnxruntime-node, with its telemetry off.
 * @throws UnclipError "session" if it is not installed, or if its telemetry cannot be turned off from this worker thread */
export async function importOnnxRuntime(): Promise<typeof import("onnxruntime-node")> {
  if (!env[TELEMETRY_OFF]) {
    throw new UnclipError(
      "session",
      "onnxruntime-node sends telemetry, and a worker thread cannot turn that off; " +
        `import unclip in the main thread before it starts the worker, or set ${TELEMETRY_OFF}=1 in the environment of the process`,
    );
  }
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
