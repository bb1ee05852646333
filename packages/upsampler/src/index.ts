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
