export { checkArgument, checkList, checkRandom, checkString, checkTextFeatures } from "./check-argument.js";
export { type Range, RANGES } from "./config-ranges.js";
export { type ConfigReader, createConfigReader } from "./config-reader.js";
export { cosineSimilarity, normalise, slerp, weightedMean } from "./embedding.js";
export { type UnclipErrorCode, UnclipError, isUnclipError, checkAborted } from "./errors.js";
export { readPicture, toImageData, type BrowserPicture } from "./image-data.js";
export { nextTask } from "./next-task.js";
export { parseRecord } from "./parse-record.js";
export { checkPicture, type Picture, picturesFromPixels, pixelsFromPicture } from "./picture.js";
export { principalComponents, type PrincipalComponents, project, reconstruct } from "./principal-components.js";
export { quote } from "./quote.js";
export { type Random, createRandom, perPicture } from "./random.js";
export { createRun, type Run } from "./run.js";
export { resizeBicubic, resizePicture, type ResizePictureOptions } from "./resize.js";
export {
  type Tensor,
  tensor,
  valuesOf,
  sizeOf,
  filled,
  map,
  zip,
  rows,
  concatRows,
  repeatRows,
  splitChannels,
  concatChannels,
  clamp,
  checkDims,
} from "./tensor.js";
export { type TextFeatures, concatText, repeatText, sliceText, textRows, withoutPadding } from "./text-features.js";
export { readJson, readText, type TextFolder } from "./text-folder.js";
export { pictureFromText, tensorFromText, textFromPicture, textFromTensor } from "./tensor-text.js";
export { encodeApng, type ApngOptions } from "./apng.js";
export { encodePng } from "./png.js";
export { readPngTexts } from "./png-text.js";
