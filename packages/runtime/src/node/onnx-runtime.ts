import { UnclipError } from "@unclip/tensor";
import process, { env } from "node:process";
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
      `onnxruntime-node cannot be loaded; install it with "npm install onnxruntime-node --ignore-scripts" ` +
        `(its script would only fetch GPU files), or install onnxruntime-web, which is slower and runs everywhere`,
      { cause },
    );
  }
}

/** onnxruntime-web, whose WebAssembly Node runs too.
 * @param threads of one run; the first call of a process decides
 * @throws UnclipError "session" if it is not installed */
export async function importWasmRuntime(threads: number): Promise<typeof import("onnxruntime-web")> {
  try {
    const runtime = await import("onnxruntime-web");
    runtime.env.wasm.numThreads = threads;
    return runtime;
  } catch (cause) {
    const message = 'onnxruntime-web cannot be loaded; install it with "npm install onnxruntime-web"';
    throw new UnclipError("session", message, { cause });
  }
}

let isWarned = false;

/** Whether networks run in WebAssembly, because onnxruntime-node cannot be loaded and onnxruntime-web can. Node prints a warning of that, once
 * in a process. */
export async function needsWasm(): Promise<boolean> {
  if (!env[TELEMETRY_OFF]) return false; // `importOnnxRuntime` tells what to do
  // A bundler knows by the catch that either may be missing.
  const failure = await import("onnxruntime-node").then(() => undefined).catch(reasonOf);
  if (failure === undefined) return false;
  if ((await import("onnxruntime-web").then(() => undefined).catch(reasonOf)) !== undefined) return false;
  if (!isWarned) {
    isWarned = true;
    process.emitWarning(
      `onnxruntime-node cannot be loaded (${failure}), so that networks run with onnxruntime-web in WebAssembly, which is slower; ` +
        `"npm install onnxruntime-node --ignore-scripts" brings it, and the option device: "wasm" keeps this warning away`,
      { type: "UnclipWarning", code: "UNCLIP_WASM" },
    );
  }
  return true;
}

/** Why a module could not be loaded, in one line. */
function reasonOf(error: Error): string {
  return error.message.split("\n")[0]!;
}
