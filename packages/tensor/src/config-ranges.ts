/** The numbers that a field of a config may hold. */
export interface Range {
  /** Default 1. */
  readonly min?: number;
  readonly max: number;
}

/** Ranges of sizes in configs. Each lies well above what any published unCLIP or CLIP has, and keeps a wrong file from being
 * computed with: a network is planned, and its constants are made, before its weights say what it really is. */
export const RANGES = {
  /** Channels, hidden and embedding widths; some published ones have 20,480. */
  width: { max: 2 ** 17 },
  /** Layers of a transformer, residual blocks of a level; published ones have up to 48. */
  layers: { max: 1000 },
  /** Attention heads; published ones have up to 64. */
  heads: { max: 1024 },
  /** Tokens of a caption; published ones have up to 514. A causal mask takes the square of it: here 4 MB. */
  tokens: { max: 1024 },
  /** Entries of a vocabulary; the one for many languages has 250,002. */
  vocabulary: { max: 10_000_000 },
  /** Groups of a group norm; as a rule 32. */
  groups: { max: 1024 },
  /** Levels of a U-Net, each half as large as the one before; published ones have up to 5. */
  levels: { max: 8 },
  /** Height and width of pictures in pixels: the largest of unCLIP have 1,024. */
  pixels: { max: 1024 },
  /** The constant that keeps a norm from dividing by zero. */
  epsilon: { min: 0, max: 1 },
} as const satisfies Readonly<Record<string, Range>>;
