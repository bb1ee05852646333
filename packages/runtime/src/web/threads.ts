/** The builds of onnxruntime-web that are used here. */
export type Build = "wasm" | "webgpu";

/** How ONNX Runtime names its threads; it takes any name that begins so for one of them. */
const THREAD = "em-pthread";

/** The build that starts threads. */
let current: Build = "wasm";
let isWatched = false;

/** Lets the names of threads say which build they belong to. Where a bundler has put ONNX Runtime into the script of a Worker, its threads load
 * that script too, and {@link runThread} must know what to start there. Pages, whose script does not do so, are left alone. */
export function nameThreads(build: Build): void {
  current = build;
  const { Worker, document } = globalThis;
  if (isWatched || document !== undefined || Worker === undefined) return;
  isWatched = true;
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options?.name === THREAD ? { ...options, name: `${THREAD}-${current}` } : options);
    }
  };
}

/** Whether this script runs in one of ONNX Runtime's threads. */
export function isThread(): boolean {
  return nameHere().startsWith(THREAD);
}

/** Starts ONNX Runtime in its thread. What is said to the thread meanwhile waits. */
export async function runThread(importBuild: (build: Build) => Promise<unknown>): Promise<void> {
  const waiting: MessageEvent[] = [];
  const keep = (event: Event) => void waiting.push(event as MessageEvent);
  addEventListener("message", keep);
  await importBuild(nameHere().endsWith("-webgpu") ? "webgpu" : "wasm");
  removeEventListener("message", keep);
  for (const { data } of waiting) dispatchEvent(new MessageEvent("message", { data: data as unknown }));
}

function nameHere(): string {
  return (globalThis as { name?: string }).name ?? "";
}
