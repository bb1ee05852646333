import type { Graph } from "@unclip/graph";
import { checkArgument, sizeOf, UnclipError, type Tensor } from "@unclip/tensor";
import { env } from "onnxruntime-common";
import type { Arithmetic } from "./arithmetic.js";
import type { Device, PassedOver } from "./devices.js";
import { exclusively } from "./exclusively.js";
import type { ModelFolder } from "./model-folder.js";
import { createResidency, type Openable, type RuntimeEvent } from "./residency.js";
import { asSessionError, type Feeds, type Model, type Session } from "./session.js";

/** A network of a model: opened when it first runs, closed when its memory is needed, opened again when it runs again. */
export interface Network {
  readonly name: string;
  /** One forward computation. All runs follow one another, those of other runtimes included.
   * @param outputs names of the outputs to give, so that none is copied for nothing; default all
   * @returns these outputs by name; those of `keepOutputs` may lie on the device (`location` is "gpu-buffer" then)
   * @throws UnclipError "session" if ONNX Runtime refuses the graph, the inputs or a name */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
}

/** Options of {@link Runtime.network}. */
export interface NetworkOptions {
  /** Outputs that stay where they were computed, to be fed to a later run without a copy through JavaScript. On WebGPU they are tensors in GPU
   * buffers: `await getData()` reads one, `dispose()` frees it, which is up to the caller: they stay valid when their network closes, whose memory is
   * given back with the last of them. Elsewhere they are ordinary tensors; default none. */
  readonly keepOutputs?: readonly string[];
  /** A network of this runtime that runs in turns with this one, such as one over some of its weights: neither closes to make room for the other. */
  readonly besides?: Network;
}

/** Where networks run, and how many of them stay in memory. */
export interface Runtime {
  /** Version of ONNX Runtime. */
  readonly version: string;
  /** The device that was asked for, or that "auto" chose. */
  readonly device: Device;
  /** What networks compute with. */
  readonly arithmetic: Arithmetic;
  /** What "auto" tried before it, and why it was not taken. */
  readonly passedOver: readonly PassedOver[];
  /** Threads of one run; undefined if ONNX Runtime decides, which takes one for each core. */
  readonly threads?: number;
  /** A network over the weights in `folder`. Nothing is opened yet.
   * @param folder may be left out for a graph without weights
   * @throws UnclipError "input" if `keepOutputs` names an output that the graph does not have */
  network(graph: Graph, folder?: ModelFolder, options?: NetworkOptions): Network;
  /** Closes every network; they open again if they run again. */
  dispose(): Promise<void>;
}

/** Options of `createRuntime`. */
export interface RuntimeOptions {
  /** Where networks run. Node has "cpu" (the default), what its build of ONNX Runtime has on this machine: "webgpu", "cuda", "dml", "coreml",
   * and "wasm", the default where onnxruntime-web alone is installed.
   * Browsers have "wasm" (the default) and "webgpu". "auto" takes WebGPU where it works and gives right numbers, otherwise the default;
   * `runtime.device` tells. */
  readonly device?: Device | "auto";
  /** What networks compute with. "float16" is for graphics cards, which need half the memory for it and may be faster; pictures then differ
   * from the reference's a little, along edges. Norms, softmax, and what runs take and give stay float32. Weights become float16 when a network
   * opens, however they are stored. Default "float32". */
  readonly arithmetic?: Arithmetic;
  /** Threads of one run, 1 to 1024. Default in Node one for each core; in browsers one for each core up to 4 on a cross-origin isolated page,
   * otherwise 1. Browsers start threads once for a page: the first runtime decides. */
  readonly threads?: number;
  /** Keep every network in memory; default false: only as many as fit {@link residentBytes}. */
  readonly keep?: boolean;
  /** Weights that may stay in memory together, in bytes; the network that runs may always. Default 512 MiB:
   * small models stay, and of a large one only the network that runs. */
  readonly residentBytes?: number;
  /** In Node, on the processor: keep what ONNX Runtime makes of an int8 network of more than 64 MiB when it first opens it, in the cache
   * (HF_ASSETS_CACHE, or else ~/.cache/huggingface/assets, there in unclip/prepared), at twice the size of its weights. From then on it opens
   * 1.4 to 3 times as fast. Default false; `loadUnclip` has true. */
  readonly keepPrepared?: boolean;
  /** In browsers: where the .mjs and .wasm files of onnxruntime-web are, if not beside its script: the address of a folder, ending in "/",
   * or of each file. The first runtime of a page decides. */
  readonly wasmPaths?: string | { readonly mjs?: string | URL; readonly wasm?: string | URL };
  /** Called when a network has opened or closed. */
  readonly onEvent?: (event: RuntimeEvent) => void;
}

/** What a platform brings to a runtime. */
export interface Platform extends Pick<Runtime, "device" | "arithmetic" | "passedOver" | "threads"> {
  open(model: Model): Promise<Session>;
}

/** Throws unless `runtime` is one: for those who load a stage.
 * @throws UnclipError "input" */
export function checkRuntime(where: string, runtime: Runtime): void {
  checkArgument(`${where}: runtime`, runtime, ["network"], "what createRuntime of @unclip/runtime gives");
}

/** Checks what does not depend on the platform.
 * @throws UnclipError "input" */
export function checkRuntimeOptions({ threads, residentBytes }: RuntimeOptions): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024))
    throw new UnclipError("input", `threads: expected a whole number from 1 to 1024, got ${String(threads)}`);
  if (residentBytes !== undefined && !(residentBytes >= 0))
    throw new UnclipError("input", `residentBytes: expected a number of bytes from 0 on, got ${String(residentBytes)}`);
}

/** A runtime over a platform's way of opening sessions. */
export function createRuntimeWith({ open, ...platform }: Platform, options: RuntimeOptions): Runtime {
  const { keep = false, residentBytes = 512 * 2 ** 20, onEvent } = options;
  const residency = createResidency({ residentBytes: keep ? Infinity : residentBytes, onEvent });
  const openables = new WeakMap<Network, Openable>();
  return {
    ...platform,
    version: env.versions.common,
    network(graph, folder, { keepOutputs, besides } = {}) {
      const { name } = graph;
      checkModel({ graph, folder, keepOutputs });
      const openable: Openable = {
        name,
        weightBytes: weightBytesOf(graph, platform.arithmetic),
        ...(besides && { besides: openables.get(besides) }),
        open: () => asSessionError(`${name}: cannot be opened`, () => open({ graph, folder, keepOutputs })),
      };
      const network: Network = {
        name,
        run: (feeds, outputs) =>
          exclusively(async () => {
            const session = await residency.acquire(openable);
            return asSessionError(`${name}: cannot run`, () => session.run(feeds, outputs));
          }),
      };
      openables.set(network, openable);
      return network;
    },
    dispose: () => exclusively(() => residency.clear()),
  };
}

/** What the weights of a graph take in memory. */
function weightBytesOf({ weightBytes, model }: Graph, arithmetic: Arithmetic): number {
  if (arithmetic === "float32") return weightBytes;
  return model.initializers.reduce(
    (sum, { dims, data }) => sum + (data instanceof Uint8Array ? 0 : 2 * sizeOf(dims)),
    0,
  );
}

function checkModel({ graph, folder, keepOutputs = [] }: Model): void {
  if (folder === undefined && graph.weightFiles.length > 0)
    throw new UnclipError("input", `${graph.name}: its weights are in ${graph.weightFiles[0]}; give the model folder`);
  const names = graph.outputs.map(({ name }) => name);
  const unknown = keepOutputs.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const expected = names.join(", ");
    throw new UnclipError("input", `${graph.name}: keepOutputs: expected some of ${expected}, got "${unknown}"`);
  }
}
