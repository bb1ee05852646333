import { checkArithmetic, type Arithmetic } from "./arithmetic.js";
import { chooseDevice, type PlatformDevices } from "./devices.js";
import { exclusively } from "./exclusively.js";
import { checkRuntimeOptions, createRuntimeWith, type Runtime, type RuntimeOptions } from "./runtime.js";
import { selfCheck } from "./self-check.js";
import type { Model } from "./session.js";
import { findAdapter } from "./web/adapter.js";
import { importBuild, threadsOf } from "./web/onnx-runtime.js";
import { runThread as startThread } from "./web/threads.js";
import { openSession, type WebDevice } from "./web/session.js";

export { floatsOf, isFloat, type FloatType } from "./floats.js";
export { readCheckpoint, readScalar, readWeightEntries } from "./checkpoint-files.js";
export {
  HUB_ENDPOINT,
  isHubModelId,
  type HubFile,
  type HubModel,
  type HubOptions,
  type HubProgress,
  type HubRepository,
  type SelectFiles,
} from "@unclip/hub/web";
export { pathIn, type BlobFolder, type Directory, type FolderOptions, type ModelFolder } from "./model-folder.js";
export { openModelFolder, type BlobFolderOptions, type FolderSource } from "./web/blob-folder.js";
export type { DirectoryHandle, DiskFile } from "./web/disk-folder.js";
export type { ListedFile } from "./web/remote-file.js";
export { openHubModel, type OpenHubModelOptions } from "./web/hub-model.js";
export { isThread } from "./web/threads.js";
export type { Arithmetic } from "./arithmetic.js";
export type { Device, PassedOver } from "./devices.js";
export { checkRuntime, type Network, type NetworkOptions, type Runtime, type RuntimeOptions } from "./runtime.js";
export type { RuntimeEvent } from "./residency.js";
export type { Feeds, Model, Session } from "./session.js";
export { Tensor } from "onnxruntime-common"; // what networks take and give
export { selectModelFiles, type SelectModelFilesOptions } from "./select-files.js";

/** Starts ONNX Runtime in a thread of its own that has loaded this script; {@link isThread} tells. */
export function runThread(): Promise<void> {
  return startThread(importBuild);
}

/** A runtime on onnxruntime-web.
 * @throws UnclipError "input" for an option that is out of range or that the page does not allow, a device that browsers do not have, or an
 * arithmetic that the device does not have; "session" for a device that does not work here, or not in that arithmetic */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  checkRuntimeOptions(options);
  const wasm = { threads: threadsOf(options.threads), wasmPaths: options.wasmPaths };
  const { device: wanted = "wasm", arithmetic = "float32" } = options;
  checkArithmetic(arithmetic, wanted);
  const open = (device: WebDevice, way: Arithmetic) => (model: Model) =>
    openSession(model, { device, arithmetic: way, ...wasm });
  const devices: PlatformDevices = {
    platform: "browsers",
    base: "wasm",
    preferred: ["webgpu"],
    others: async () => ["webgpu"],
    try: async (_, named, way) => {
      await findAdapter(named, way);
      await exclusively(() => selfCheck(open("webgpu", way), way));
    },
  };
  const { device, passedOver } = await chooseDevice(wanted, devices, arithmetic);
  checkArithmetic(arithmetic, device, passedOver);
  const platform = { device, arithmetic, passedOver, threads: wasm.threads };
  return createRuntimeWith({ ...platform, open: open(device as WebDevice, arithmetic) }, options);
}
