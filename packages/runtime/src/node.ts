import { UnclipError } from "@unclip/tensor";
import { openSession } from "./node/session.js";
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
} from "@unclip/hub/node";
export { pathIn, type BlobFolder, type Directory, type FolderOptions, type ModelFolder } from "./model-folder.js";
export { openModelFolder } from "./node/directory.js";
export { openSession } from "./node/session.js";
export { openHubModel, type OpenHubModelOptions } from "./node/hub-model.js";
export type { Feeds, Network, Runtime, RuntimeOptions, Session } from "./runtime.js";
export { selectModelFiles, type SelectModelFilesOptions } from "./select-files.js";

/** A runtime on onnxruntime-node.
 * @throws UnclipError "input" for a device that this platform does not have */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const { device = "cpu" } = options;
  if (device !== "cpu") throw new UnclipError("input", `device: expected "cpu" on this platform, got "${device}"`);
  return createRuntimeWith(openSession, options);
}
