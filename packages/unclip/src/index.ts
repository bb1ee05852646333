export { loadClip, type Clip } from "./clip.js";
export { inspectModel } from "./inspect.js";
export { loadUnclip } from "./load.js";
export { encodePng } from "./png.js";
export type { Defaults } from "./defaults.js";
export type { Stages } from "./stages.js";
export type {
  ComponentReport,
  GenerateOptions,
  Generation,
  LoadOptions,
  ModelReport,
  PriorChoice,
  PriorExample,
  PriorTableOptions,
  Recipe,
  SourceOptions,
  StageStep,
  StageTiming,
  Unclip,
  VaryOptions,
} from "./types.js";
export { SAMPLER_NAMES, type AnalyticTable, type SamplerName, type SamplerSpec } from "@unclip/sampler";
export {
  concatRows,
  createRandom,
  isUnclipError,
  perPicture,
  resizePicture,
  UnclipError,
  type Picture,
  type Random,
  type Tensor,
} from "@unclip/tensor";
export {
  classify,
  cosineSimilarity,
  type ClassifyOptions,
  type ClipEncoders,
  type ImageEncoder,
  type LabelProbability,
  type TextEncoder,
} from "@unclip/clip";
export { textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
export type { HubProgress } from "@unclip/runtime";
