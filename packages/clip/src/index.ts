export {
  classify,
  labelProbabilities,
  type ClassifyOptions,
  type ClipEncoders,
  type LabelProbability,
} from "./classify.js";
export {
  readClipTextConfig,
  readClipVisionConfig,
  type ClipTextConfig,
  type ClipTowerConfig,
  type ClipVisionConfig,
} from "./config.js";
export { cosineSimilarity } from "@unclip/tensor";
export {
  createImageEncoder,
  loadImageEncoder,
  type ImageEncoder,
  type LoadImageEncoderOptions,
} from "./image-encoder.js";
export { readLogitScale } from "./logit-scale.js";
export { clipTextNetwork } from "./networks/text.js";
export { clipVisionNetwork } from "./networks/vision.js";
export { preprocessPicture, readPreprocessConfig, type PreprocessConfig } from "./preprocess.js";
export {
  createTextEncoder,
  loadTextEncoder,
  type EncodedText,
  type LoadTextEncoderOptions,
  type TextEncoder,
} from "./text-encoder.js";
export { createTokenizer, readTokenizer, type Tokenizer } from "./tokenizer.js";
export { readMultilingualConfig, type MultilingualConfig } from "./multilingual/config.js";
export { multilingualNetwork } from "./multilingual/network.js";
export {
  createMultilingualTextEncoder,
  loadMultilingualTextEncoder,
  type MultilingualTextEncoder,
} from "./multilingual/text-encoder.js";
export { createMultilingualTokenizer, readMultilingualTokenizer } from "./multilingual/tokenizer.js";

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
export { isUnclipError, type Picture, type Tensor, type TextFeatures } from "@unclip/tensor";
