import { createConfigReader, RANGES, UnclipError } from "@unclip/tensor";

/** Sizes of a MultilingualCLIP: XLM-RoBERTa, and a linear layer from its mean state to CLIP's embedding. */
export interface MultilingualConfig {
  readonly vocabularySize: number;
  /** W, width of the hidden states. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Width of the hidden layer of the feed-forward networks. */
  readonly inner: number;
  readonly epsilon: number;
  /** D, width of the embedding. */
  readonly embeddingWidth: number;
  /** Rows of the table of positions; a caption may be two tokens shorter. */
  readonly positions: number;
  /** Rows of the table of token types, of which only the first is used. */
  readonly tokenTypes: number;
  /** Id of the padding token, which is also what positions are counted from. */
  readonly padding: number;
}

/** Reads the config.json of Kandinsky 2.1's MultilingualCLIP.
 * @throws UnclipError "config" for a value that is not supported */
export function readMultilingualConfig(json: Readonly<Record<string, unknown>>, where: string): MultilingualConfig {
  const read = createConfigReader(json, where);
  read.only("model_type", "M-CLIP", "xlm-roberta");
  read.only("hidden_act", "gelu");
  read.only("position_embedding_type", "absolute");
  const width = read.whole("hidden_size", RANGES.width, 768);
  const transformerWidth = read.whole("transformerDimensions", RANGES.width, 1024);
  if (transformerWidth !== width) {
    throw new UnclipError(
      "config",
      `${where}: transformerDimensions is ${transformerWidth}, hidden_size ${width}; expected the same`,
    );
  }
  return {
    vocabularySize: read.whole("vocab_size", RANGES.vocabulary, 30522),
    width,
    layers: read.whole("num_hidden_layers", RANGES.layers, 12),
    heads: read.whole("num_attention_heads", RANGES.heads, 12),
    inner: read.whole("intermediate_size", RANGES.width, 3072),
    epsilon: read.number("layer_norm_eps", 1e-12, RANGES.epsilon),
    embeddingWidth: read.whole("numDims", RANGES.width, 768),
    positions: read.whole("max_position_embeddings", RANGES.tokens, 512),
    tokenTypes: read.whole("type_vocab_size", RANGES.width, 2),
    padding: read.whole("pad_token_id", { ...RANGES.vocabulary, min: 0 }, 1),
  };
}
