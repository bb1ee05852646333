import { chooseDevice } from "./devices.js";
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
 * @throws UnclipError "input" for an option that is out of range or that the page does not allow, or a device that browsers do not have;
 * "session" for a device that does not work here */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  checkRuntimeOptions(options);
  const wasm = { threads: threadsOf(options.threads), wasmPaths: options.wasmPaths };
  const open = (device: WebDevice) => (model: Model) => openSession(model, { device, ...wasm });
  const { device, passedOver } = await chooseDevice(options.device ?? "wasm", {
    platform: "browsers",
    base: "wasm",
    preferred: ["webgpu"],
    others: async () => ["webgpu"],
    try: async (_, wanted) => {
      await findAdapter(wanted);
      await exclusively(() => selfCheck(open("webgpu")));
    },
  });
  return createRuntimeWith({ device, passedOver, threads: wasm.threads, open: open(device as WebDevice) }, options);
}
