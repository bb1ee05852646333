export { isHubModelId, parseHubModelId, type HubModel } from "./model-id.js";
export { HUB_ENDPOINT, type HubOptions, type HubProgress } from "./options.js";
export { type HubFile, type HubRepository, type SelectFiles } from "./repository.js";
export { resolveModel, type HubAddress } from "./web/resolve-model.js";
export { isUnclipError } from "@unclip/tensor";
