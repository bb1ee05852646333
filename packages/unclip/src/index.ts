export { loadClip, type Clip } from "./clip.js";
export type { Defaults } from "./defaults.js";
export { PRESET_NAMES, presetDefaults, type PresetName } from "./presets.js";
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
export type { LayerDecision, NetworkDecision, Quantization } from "./quantization.js";
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
  loadImageEncoder,
  loadMultilingualTextEncoder,
  loadTextEncoder,
  type ClassifyOptions,
  type ClipEncoders,
  type ImageEncoder,
  type LabelProbability,
  type TextEncoder,
} from "@unclip/clip";
export { loadAutoencoder, type Autoencoder } from "@unclip/autoencoder";
export {
  latentSpaces,
  loadKandinskyDecoder,
  loadKarloDecoder,
  loadStableUnclipDecoder,
  type Decoder,
  type DecoderCondition,
  type DecoderSpace,
} from "@unclip/decoder";
export {
  loadAutoregressivePrior,
  loadDiffusionPrior,
  rerank,
  textEmbeddingAsPrior,
  withoutPrior,
  type Prior,
  type PriorOptions,
} from "@unclip/prior";
export {
  createRuntime,
  openHubModel,
  openModelFolder,
  type FolderSource,
  type HubProgress,
  type ModelFolder,
  type Runtime,
} from "@unclip/runtime";
export {
  createSampler,
  ddim,
  ddimInversion,
  parseSampler,
  planSampling,
  repaint,
  sample,
  SAMPLER_NAMES,
  SAMPLER_OPTIONS,
  startAt,
  type AnalyticTable,
  type Denoiser,
  type Sampler,
  type SamplerChoice,
  type SamplerName,
  type GuidanceInterval,
  type SamplerSpec,
} from "@unclip/sampler";
export {
  concatRows,
  createRandom,
  encodeApng,
  encodePng,
  createRun,
  isUnclipError,
  normalise,
  perPicture,
  picturesFromPixels,
  pixelsFromPicture,
  principalComponents,
  project,
  quote,
  readPicture,
  readPngTexts,
  reconstruct,
  resizePicture,
  slerp,
  tensor,
  toImageData,
  UnclipError,
  type BrowserPicture,
  type Picture,
  type Random,
  type Run,
  type Tensor,
  type TextFeatures,
  valuesOf,
  weightedMean,
} from "@unclip/tensor";
export { loadUpsampler, type Upsampler } from "@unclip/upsampler";
