import type { Checkpoint, Weight } from "@unclip/graph";
import { sizeOf } from "@unclip/tensor";
import type { BuildNetwork } from "./networks.js";

/** Name and shape of a weight that a network wants. */
export interface PlannedWeight {
  readonly key: string;
  readonly dims: readonly number[];
}

/** The weights that a network wants of its checkpoint, in the order in which it asks for them: the network is built over a
 * checkpoint that has whatever it is asked for. */
export function planWeights(build: BuildNetwork, config: Readonly<Record<string, unknown>>): PlannedWeight[] {
  const planned = new Map<string, PlannedWeight>();
  const checkpoint: Checkpoint = {
    name: "plan",
    weights: new Map(),
    plan: (key, dims): Weight => {
      planned.set(key, { key, dims });
      return { type: "F32", dims, file: "plan.safetensors", offset: 0, sizeBytes: sizeOf(dims) * 4 };
    },
  };
  build(config, checkpoint);
  return [...planned.values()];
}

/** How many numbers the weights are together. */
export function countParameters(weights: readonly PlannedWeight[]): number {
  return weights.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
}
