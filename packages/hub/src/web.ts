export {
  HUB_ENDPOINT,
  isHubModelId,
  parseHubModelId,
  type HubFile,
  type HubModel,
  type HubOptions,
  type HubProgress,
  type HubRepository,
  type SelectFiles,
} from "./hub.js";
export { resolveModel, type HubAddress } from "./web/resolve.js";
