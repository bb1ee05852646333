import { hasInt8Layers, type Graph } from "@unclip/graph";
import { UnclipError, type Tensor } from "@unclip/tensor";
import type { Tensor as OrtTensor } from "onnxruntime-common";
import type { Arithmetic } from "./arithmetic.js";
import type { Device } from "./devices.js";
import type { ModelFolder } from "./model-folder.js";

/** Named inputs of a network. */
export type Feeds = Readonly<Record<string, OrtTensor>>;

/** A network that is open in ONNX Runtime. */
export interface Session {
  /** @param outputs those to give, all if left out */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** A graph with the weights it needs. */
export interface Model {
  readonly graph: Graph;
  /** Where its weights are; undefined for a graph that has none. */
  readonly folder?: ModelFolder;
  /** Outputs that stay on the device; default none. */
  readonly keepOutputs?: readonly string[];
}

/** The ONNX file of a graph for a device. CUDA's own attention has its softmax in float32. */
export function bytesFor(graph: Graph, device: Device, arithmetic: Arithmetic = "float32"): Uint8Array {
  if (arithmetic === "float16") return graph.halfBytes(device === "cuda");
  if (device === "webgpu") return graph.plainBytes();
  return device === "cpu" || device === "wasm" ? graph.bytes : graph.floatBytes();
}

/** How far a graph of moderate size is optimised. Where there are int8 layers, the layouts of "all" save nothing, and ONNX Runtime 1.30 moves
 * transposes through a Resize that names its axes, which it then refuses. */
export function optimizationLevel(graph: Graph): "extended" | "all" {
  return hasInt8Layers(graph) ? "extended" : "all";
}

/** The execution provider of a device. On WebGPU sines and cosines are left to the processor: WGSL allows them an error of 5e-4 near zero and any
 * error beyond pi, and the angles of a timestep embedding go up to 1000. */
export function executionProvider(graph: Graph, device: Device) {
  if (device !== "webgpu") return device;
  const names = graph.operations.filter(({ op }) => op === "Sin" || op === "Cos").map(({ output }) => output.name);
  return { name: device, ...(names.length > 0 && { forceCpuNodeNames: names }) };
}

/** The session option that leaves the outputs that are kept on a graphics card. */
export function outputLocations({ graph, keepOutputs = [] }: Model, device: Device) {
  if (device !== "webgpu" || keepOutputs.length === 0) return {};
  const location = (name: string) => (keepOutputs.includes(name) ? "gpu-buffer" : "cpu");
  return {
    preferredOutputLocation: Object.fromEntries(graph.outputs.map(({ name }) => [name, location(name)] as const)),
  };
}

/** Runs `work`; what ONNX Runtime throws becomes one sentence that begins with `what`.
 * @throws UnclipError "session" */
export async function asSessionError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === "UnclipError") throw cause;
    throw new UnclipError("session", `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
