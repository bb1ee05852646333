export { isHubModelId, parseHubModelId, type HubModel } from "./model-id.js";
export { fetchSnapshot, type HubSnapshot, type SnapshotOptions } from "./node/fetch-snapshot.js";
export { assetsDirectory } from "./node/settings.js";
export { HUB_ENDPOINT, type HubOptions, type HubProgress } from "./options.js";
export { type HubFile, type HubRepository, type SelectFiles } from "./repository.js";
export { isUnclipError } from "@unclip/tensor";
