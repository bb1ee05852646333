import type { StudyModel, StudyPriorSettings } from "./study.js";

/** A way to condition the decoder. */
export interface Way {
  readonly name: string;
  readonly prior: StudyPriorSettings;
}

/** The ways that the paper compares, and the model's other prior where it has one. */
export function waysOf({ stages }: StudyModel): Way[] {
  return [
    { name: "caption alone", prior: { kind: "none" } },
    { name: "text embedding", prior: { kind: "text-embedding" } },
    ...(stages.prior ? [{ name: "diffusion prior", prior: { kind: "diffusion" } } as const] : []),
    ...(stages.autoregressivePrior
      ? [{ name: "autoregressive prior", prior: { kind: "autoregressive" } } as const]
      : []),
  ];
}
