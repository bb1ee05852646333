import { UnclipError } from "@unclip/tensor";
import { openSession } from "./web/session.js";
import { createRuntimeWith, type Runtime, type RuntimeOptions } from "./runtime.js";

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
export { openModelFolder } from "./web/blob-folder.js";
export { openHubModel, type OpenHubModelOptions } from "./web/hub-model.js";
export type { Feeds, Network, Runtime, RuntimeOptions, Session } from "./runtime.js";
export { selectModelFiles, type SelectModelFilesOptions } from "./select-files.js";

/** A runtime on onnxruntime-web.
 * @throws UnclipError "input" for a device that this platform does not have */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const { device = "wasm" } = options;
  if (device !== "wasm") throw new UnclipError("input", `device: expected "wasm" on this platform, got "${device}"`);
  return createRuntimeWith(openSession, options);
}
