type Json = Readonly<Record<string, unknown>>;

/** A published kind of model, as bench:weights writes it. */
export interface BenchFamily {
  /** As --family names it. */
  readonly name: string;
  /** The config.json of each component with weights.
   * @param scale what widths, heads, groups, layers and pictures are divided by; 1 is the published size */
  configs(scale: number): Readonly<Record<string, Json>>;
  /** The scheduler_config.json of each scheduler. */
  readonly schedulers: Readonly<Record<string, Json>>;
  /** model_index.json. */
  readonly index: Json;
}

/** Sizes by which widths, heads, groups, layers and pictures can be divided. */
export const SCALES = [1, 2, 4, 8, 16] as const;
