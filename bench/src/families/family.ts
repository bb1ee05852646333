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
  /** The folders of CLIP's tokenizer and preprocessor; default "tokenizer" and "feature_extractor". */
  readonly clip?: { readonly tokenizer: string; readonly preprocessor: string };
  /** The files of another text encoder's tokenizer, which lies in "tokenizer", by name. */
  files?(scale: number): Readonly<Record<string, string>>;
}

/** Sizes by which widths, heads, groups, layers and pictures can be divided. */
export const SCALES = [1, 2, 4, 8, 16] as const;
