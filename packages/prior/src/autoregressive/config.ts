import { createConfigReader, RANGES, UnclipError } from "@unclip/tensor";

/** Sizes of an AutoregressivePrior, and the distribution of the dot products that it learned from. */
export interface AutoregressivePriorConfig {
  /** Attention heads. */
  readonly heads: number;
  /** Width of one head; the transformer is heads * headWidth wide. */
  readonly headWidth: number;
  readonly layers: number;
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  /** W, width of the caption's states. */
  readonly textWidth: number;
  /** L, tokens of a caption. */
  readonly textLength: number;
  /** K, principal components that stand for an embedding: one token each. */
  readonly components: number;
  /** B, buckets of a component. */
  readonly buckets: number;
  /** What divides the dot products z_i · z_t of pictures and their captions into Q buckets of equal counts, both embeddings at unit length:
   * Q - 1 increasing numbers in [-1, 1]. */
  readonly dotProductBounds: readonly number[];
}

/** Reads prior_autoregressive/config.json of class AutoregressivePrior.
 * @throws UnclipError "config" for a value that is missing or not supported */
export function readAutoregressivePriorConfig(
  json: Readonly<Record<string, unknown>>,
  where: string,
): AutoregressivePriorConfig {
  const read = createConfigReader(json, where);
  read.exactly("_class_name", "AutoregressivePrior");
  const dotProductBounds = read.numbers("dot_product_bounds");
  const isOrdered = dotProductBounds.every(
    (bound, i) => Math.abs(bound) <= 1 && bound >= (dotProductBounds[i - 1] ?? -1),
  );
  if (dotProductBounds.length % 2 === 0 || !isOrdered) {
    throw new UnclipError(
      "config",
      `${where}: dot_product_bounds: expected increasing numbers from -1 to 1, an odd number of them so that an upper half of ` +
        `the buckets exists, got ${JSON.stringify(dotProductBounds)}`,
    );
  }
  return {
    heads: read.whole("num_attention_heads", RANGES.heads),
    headWidth: read.whole("attention_head_dim", RANGES.width),
    layers: read.whole("num_layers", RANGES.layers),
    embeddingWidth: read.whole("embedding_dim", RANGES.width),
    textWidth: read.whole("text_width", RANGES.width),
    textLength: read.whole("text_length", RANGES.tokens),
    components: read.whole("num_components", RANGES.tokens),
    buckets: read.whole("num_buckets", RANGES.vocabulary),
    dotProductBounds,
  };
}
