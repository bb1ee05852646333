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
export type { Prior, PriorOptions } from "./prior.js";
export { textEmbeddingAsPrior, withoutPrior } from "./without-diffusion.js";
