export { readPriorConfig, type PriorConfig } from "./config.js";
export {
  createDiffusionPrior,
  emptyPast,
  loadDiffusionPrior,
  type ClipStatistics,
  type ConditionedPrior,
  type DiffusionPrior,
  type LoadDiffusionPriorOptions,
} from "./diffusion-prior.js";
export { estimatePriorTable, type PriorTableOptions } from "./estimate-prior-table.js";
export { priorNetwork } from "./network.js";
export type { Prior, PriorOptions, PriorStep } from "./prior.js";
export { textEmbeddingAsPrior, withoutPrior } from "./without-diffusion.js";
export { readAutoregressivePriorConfig, type AutoregressivePriorConfig } from "./autoregressive/config.js";
export {
  createAutoregressivePrior,
  hasAutoregressivePrior,
  loadAutoregressivePrior,
  type AutoregressivePrior,
  type AutoregressivePriorNetworks,
} from "./autoregressive/autoregressive-prior.js";
export { drawBucket, type DrawOptions } from "./autoregressive/draw-bucket.js";
export { autoregressivePast, emptyAutoregressivePast, type AutoregressivePast } from "./autoregressive/known-places.js";
export {
  autoregressivePrefixNetwork,
  autoregressivePriorNetwork,
  componentsNetwork,
  dequantisationNetwork,
} from "./autoregressive/network.js";
export { nearestCandidates, rerank, type RerankOptions } from "./rerank.js";

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
export { createRandom, isUnclipError, type Random, type Run, type Tensor, type TextFeatures } from "@unclip/tensor";
