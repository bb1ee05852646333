export {
  createAutoencoder,
  loadAutoencoder,
  type Autoencoder,
  type AutoencoderNetworks,
  type EncodeOptions,
  type LoadAutoencoderOptions,
} from "./autoencoder.js";
export { readAutoencoderConfig, type AutoencoderConfig } from "./config.js";
export { decoderNetwork as autoencoderDecoderNetwork } from "./networks/decoder.js";
export { encoderNetwork as autoencoderEncoderNetwork, type Size } from "./networks/encoder.js";
export { withCurrentNames } from "./old-names.js";

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
  isUnclipError,
  picturesFromPixels,
  pixelsFromPicture,
  type Picture,
  type Random,
  type Tensor,
} from "@unclip/tensor";
