export {
  readDecoderConfig,
  readTextProjectionConfig,
  type DecoderConfig,
  type TextProjectionConfig,
} from "./config.js";
export {
  createDecoder,
  loadDecoder,
  type Decoder,
  type DecoderCondition,
  type DecoderNetworks,
  type DecoderOptions,
  type DecoderParts,
  type LoadDecoderOptions,
} from "./decoder.js";
export { textProjectionNetwork, type TextSizes } from "./networks/text-projection.js";
export { decoderNetwork } from "./networks/unet.js";
export { readKandinskyConfig, type KandinskyConfig } from "./kandinsky/config.js";
export { kandinskyNetwork, type KandinskySize } from "./kandinsky/network.js";
export { readStableUnclipConfig, type StableUnclipConfig } from "./stable-unclip/config.js";
export { stableUnclipNetwork, type StableUnclipSize } from "./stable-unclip/network.js";
export { noiseAugmentationNetwork, readImageNormalizerConfig } from "./stable-unclip/noise-augmentation.js";
export { type UnetConfig } from "./unet-config.js";
