import { availableParallelism } from "node:os";
import { checkArithmetic } from "./arithmetic.js";
import { chooseDevice, type Device, type PlatformDevices } from "./devices.js";
import { exclusively } from "./exclusively.js";
import { importOnnxRuntime, needsWasm } from "./node/onnx-runtime.js";
import { openSession } from "./node/session.js";
import { openWasmSession } from "./node/wasm-session.js";
import { checkRuntimeOptions, createRuntimeWith, type Runtime, type RuntimeOptions } from "./runtime.js";
import type { Model } from "./session.js";
import { selfCheck } from "./self-check.js";

export { floatsOf, isFloat, type FloatType } from "./floats.js";
export { readCheckpoint, readScalar, readWeightEntries } from "./checkpoint-files.js";
export {
  assetsDirectory,
  HUB_ENDPOINT,
  isHubModelId,
  type HubFile,
  type HubModel,
  type HubOptions,
  type HubProgress,
  type HubRepository,
  type SelectFiles,
} from "@unclip/hub/node";
export { pathIn, type BlobFolder, type Directory, type FolderOptions, type ModelFolder } from "./model-folder.js";
export { openModelFolder } from "./node/directory.js";
/** Where Node finds a model folder: a path or a file: URL. */
export type FolderSource = string | URL;
export { openSession, type SessionOptions } from "./node/session.js";
export { openHubModel, type OpenHubModelOptions } from "./node/hub-model.js";
export type { Arithmetic } from "./arithmetic.js";
export type { Device, PassedOver } from "./devices.js";
export { checkRuntime, type Network, type NetworkOptions, type Runtime, type RuntimeOptions } from "./runtime.js";
export type { RuntimeEvent } from "./residency.js";
export type { Feeds, Model, Session } from "./session.js";
export { Tensor } from "onnxruntime-common"; // what networks take and give
export { findWeightFiles } from "./weight-files.js";
export { selectModelFiles, type SelectModelFilesOptions } from "./select-files.js";

/** A runtime on onnxruntime-node; on onnxruntime-web where that is asked for by the device "wasm", or where no device is named and
 * onnxruntime-node cannot be loaded, of which Node prints a warning.
 * @throws UnclipError "input" for an option that is out of range, a device that Node does not have, or an arithmetic that the device does not
 * have; "session" for a device that does not work on this machine, or not in that arithmetic */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  checkRuntimeOptions(options);
  const { device: wanted = "auto", arithmetic = "float32", threads, keepPrepared } = options;
  checkArithmetic(arithmetic, options.device ?? "cpu");
  if (wanted === "wasm" || (wanted === "auto" && (await needsWasm()))) return createWasmRuntime(options);
  const devices: PlatformDevices = {
    platform: "Node",
    base: "cpu",
    preferred: ["webgpu"],
    others: async () => [
      "wasm",
      ...(await importOnnxRuntime()).listSupportedBackends().map(({ name }) => name as Device),
    ],
    try: (device, _, way) =>
      exclusively(() => selfCheck((model) => openSession(model, { device, arithmetic: way, threads }), way)),
  };
  const { device, passedOver } = await chooseDevice(options.device ?? "cpu", devices, arithmetic);
  checkArithmetic(arithmetic, device, passedOver);
  const open = (model: Model) => openSession(model, { device, arithmetic, threads, keepPrepared });
  return createRuntimeWith({ device, arithmetic, passedOver, threads, open }, options);
}

/** Threads that WebAssembly takes by itself: more of them wait for one another. */
const MOST_WASM_THREADS = 4;

function createWasmRuntime(options: RuntimeOptions): Runtime {
  const { threads = Math.min(availableParallelism(), MOST_WASM_THREADS), arithmetic = "float32" } = options;
  checkArithmetic(arithmetic, "wasm");
  const open = (model: Model) => openWasmSession(model, threads);
  return createRuntimeWith({ device: "wasm", arithmetic, passedOver: [], threads, open }, options);
}
