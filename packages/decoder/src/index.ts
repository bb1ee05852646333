export {
  createDecoder,
  type DecodeOptions,
  type Decoder,
  type DecoderCondition,
  type DecoderParts,
  type DenoiserOptions,
} from "./decoder.js";
export {
  readKarloDecoderConfig,
  readTextProjectionConfig,
  type KarloDecoderConfig,
  type TextProjectionConfig,
} from "./karlo/config.js";
export {
  createKarloDecoder,
  loadKarloDecoder,
  type KarloDecoderNetworks,
  type KarloDecoderSizes,
  type LoadKarloDecoderOptions,
  type TextSizes,
} from "./karlo/karlo-decoder.js";
export { textProjectionNetwork } from "./karlo/text-projection.js";
export { karloUnet } from "./karlo/unet.js";
export { latentSpaces, type LatentCodec } from "./latent-space.js";
export { pixelSpace, type DecoderSpace, type PictureSize } from "./space.js";
export { readKandinskyConfig, type KandinskyConfig } from "./kandinsky/config.js";
export {
  createKandinskyDecoder,
  loadKandinskyDecoder,
  type KandinskyBeside,
  type KandinskyDecoder,
  type KandinskySizes,
  type LoadKandinskyDecoderOptions,
} from "./kandinsky/kandinsky-decoder.js";
export { paintedArea, type KeptArea } from "./kandinsky/kept-area.js";
export { kandinskyNetwork, type KandinskySize } from "./kandinsky/network.js";
export { pictureAlphaBar } from "./kandinsky/picture-level.js";
export { readStableUnclipConfig, type StableUnclipConfig } from "./stable-unclip/config.js";
export { stableUnclipNetwork, type StableUnclipSize } from "./stable-unclip/network.js";
export { noiseAugmentationNetwork, readImageNormalizerConfig } from "./stable-unclip/noise-augmentation.js";
export {
  createStableUnclipDecoder,
  loadStableUnclipDecoder,
  type AugmentOptions,
  type LoadStableUnclipDecoderOptions,
  type StableUnclipDecoder,
  type StableUnclipNetworks,
  type StableUnclipSizes,
} from "./stable-unclip/stable-unclip-decoder.js";
export { type UnetConfig } from "./unet-config.js";
export { checkCacheInterval, type SplitUnet, type UnetForms } from "./unet-runner.js";

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
  type TextFeatures,
} from "@unclip/tensor";
