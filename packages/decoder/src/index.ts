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
