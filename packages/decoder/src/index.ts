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
} from "./karlo/karlo-decoder.js";
export { textProjectionNetwork, type TextSizes } from "./karlo/text-projection.js";
export { karloUnet } from "./karlo/unet.js";
export { pixelSpace, type DecoderSpace } from "./space.js";
