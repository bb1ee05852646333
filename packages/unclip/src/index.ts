export { loadClip, type Clip } from "./clip.js";
export type { Defaults } from "./defaults.js";
export { MOST_PICTURES } from "./fill-request.js";
export { inspectModel, type ComponentReport, type ModelReport } from "./inspect.js";
export { loadUnclip, type LoadOptions, type Unclip } from "./load.js";
export type { CompareRequest } from "./manipulations/compare.js";
export type { ComponentsRequest } from "./manipulations/components.js";
export type { EditRequest } from "./manipulations/edit.js";
export type { InterpolateRequest } from "./manipulations/interpolate.js";
export type { Item } from "./manipulations/items.js";
export type { MixRequest } from "./manipulations/mix.js";
export type { ImageSettings } from "./manipulations/repainting.js";
export type { VaryRequest } from "./manipulations/vary.js";
export type { SourceOptions } from "./open-model.js";
export type { Generation } from "./operation.js";
export type { PriorExample, PriorTableOptions } from "./prior-table.js";
export type { Recipe } from "./recipe.js";
export type {
  DecoderSettings,
  GenerateRequest,
  PaintRequest,
  PriorKind,
  PriorSettings,
  RunOptions,
  UpsamplerSettings,
} from "./request.js";
export type { Conditions, Stages, Subject } from "./stages.js";
export type { StepInside } from "./step-inside.js";
export type { StageStep, StageTiming } from "./timeline.js";
export {
  classify,
  cosineSimilarity,
  type ClassifyOptions,
  type ClipEncoders,
  type ImageEncoder,
  type LabelProbability,
  type TextEncoder,
} from "@unclip/clip";
export type { Decoder, DecoderCondition, DecoderSpace } from "@unclip/decoder";
export { textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
export type { FolderSource, HubProgress } from "@unclip/runtime";
export {
  parseSampler,
  SAMPLER_NAMES,
  SAMPLER_OPTIONS,
  type AnalyticTable,
  type SamplerChoice,
  type SamplerName,
  type SamplerSpec,
} from "@unclip/sampler";
export {
  concatRows,
  createRandom,
  encodeApng,
  encodePng,
  createRun,
  isUnclipError,
  perPicture,
  quote,
  readPicture,
  readPngTexts,
  resizePicture,
  toImageData,
  UnclipError,
  type BrowserPicture,
  type Picture,
  type Random,
  type Run,
  type Tensor,
} from "@unclip/tensor";
export type { Upsampler } from "@unclip/upsampler";
