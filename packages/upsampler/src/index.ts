export { readUpsamplerConfig, type UpsamplerConfig } from "./config.js";
export { upsamplerNetwork } from "./network.js";
export {
  createUpsampler,
  loadUpsampler,
  type LoadUpsamplerOptions,
  type Upsampler,
  type UpsamplerNetworks,
  type UpsamplerOptions,
} from "./upsampler.js";

/* What a program with this stage alone needs besides. */
export {
  createRuntime,
  openHubModel,
  openModelFolder,
  type FolderSource,
  type ModelFolder,
  type Runtime,
  type RuntimeOptions,
} from "@unclip/runtime";
export {
  createRandom,
  encodePng,
  isUnclipError,
  picturesFromPixels,
  pixelsFromPicture,
  type Picture,
  type Random,
  type Run,
  type Tensor,
} from "@unclip/tensor";
