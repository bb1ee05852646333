import type { WorkerModel } from "unclip/worker";
import type { PriorKind } from "./settings.js";

const WORDS: Readonly<Record<PriorKind, string>> = {
  diffusion: "diffusion prior",
  autoregressive: "autoregressive prior",
  "text-embedding": "text embedding instead",
  none: "caption alone",
};

/** What a prior is called. */
export function priorWords(kind: PriorKind): string {
  return WORDS[kind];
}

/** Whether a model has a prior. */
export function canUse(kind: PriorKind, model: WorkerModel | undefined): boolean {
  if (kind === "autoregressive") return model?.stages.autoregressivePrior ?? true;
  return kind !== "diffusion" || (model?.stages.prior ?? true);
}
