import { UnclipError } from "@unclip/tensor";
import type { RuntimeOptions } from "../runtime.js";
import { nameThreads } from "./threads.js";

/** The part of onnxruntime-web's interface that is used here. */
type OnnxRuntime = typeof import("onnxruntime-web");

/** How onnxruntime-web runs WebAssembly. */
export interface WasmOptions extends Pick<RuntimeOptions, "wasmPaths"> {
  readonly threads: number;
}

const MAX_DEFAULT_THREADS = 4;

/** Threads of a page, and what they were started with: onnxruntime-web starts them once. */
let started: WasmOptions | undefined;

/** The threads to use.
 * @param threads what was asked for; default one for each core up to 4 where the page may have threads, else 1
 * @throws UnclipError "input" if more than one was asked for and the page may not have any */
export function threadsOf(threads: number | undefined): number {
  if (threads === undefined)
    return globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_DEFAULT_THREADS) : 1;
  if (threads > 1 && !globalThis.crossOriginIsolated) {
    throw new UnclipError(
      "input",
      `threads: ${threads} need a cross-origin isolated page, and this page is not; serve it with the headers ` +
        `Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or leave threads out`,
    );
  }
  return threads;
}

/** onnxruntime-web in the smallest build that has the device.
 * @throws UnclipError "session" if it is not installed, "input" if it was started with other options */
export async function importOnnxRuntime(device: "wasm" | "webgpu", options: WasmOptions): Promise<OnnxRuntime> {
  const ort = await importBuild(device);
  nameThreads(device);
  if (started === undefined) started = options;
  const changed = (["threads", "wasmPaths"] as const).find(
    (key) => JSON.stringify(started![key]) !== JSON.stringify(options[key]),
  );
  if (changed !== undefined) {
    const [before, now] = [started[changed], options[changed]].map((value) => JSON.stringify(value));
    throw new UnclipError(
      "input",
      `${changed}: onnxruntime-web was started with ${before}, got ${now}; give all runtimes of a page the same, or use another Worker`,
    );
  }
  ort.env.wasm.numThreads = options.threads;
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = options.wasmPaths;
  return ort;
}

/** onnxruntime-web in the smallest build that has the device.
 * @throws UnclipError "session" if it is not installed */
export async function importBuild(device: "wasm" | "webgpu"): Promise<OnnxRuntime> {
  try {
    return await (device === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"));
  } catch (cause) {
    throw new UnclipError(
      "session",
      `onnxruntime-web cannot be loaded; install it with "npm install onnxruntime-web"`,
      { cause },
    );
  }
}
