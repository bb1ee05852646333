import { createConfigReader, RANGES } from "@unclip/tensor";

/** Sizes of a PriorTransformer. */
export interface PriorConfig {
  /** Attention heads. */
  readonly heads: number;
  /** Width of one head; the transformer is heads * headWidth wide. */
  readonly headWidth: number;
  readonly layers: number;
  /** D, width of the CLIP embeddings. */
  readonly embeddingWidth: number;
  /** L, tokens of a caption. */
  readonly textLength: number;
}

/** Reads prior/config.json of class PriorTransformer.
 * @throws UnclipError "config" for a value that is not supported */
export function readPriorConfig(json: Readonly<Record<string, unknown>>, where: string): PriorConfig {
  const read = createConfigReader(json, where);
  read.only("_class_name", "PriorTransformer");
  read.only("time_embed_act_fn", "silu");
  read.only("norm_in_type");
  read.only("embedding_proj_norm_type");
  read.only("encoder_hid_proj_type", "linear");
  read.only("added_emb_type", "prd");
  read.only("additional_embeddings", 4);
  const embeddingWidth = read.whole("embedding_dim", RANGES.width, 768);
  const heads = read.whole("num_attention_heads", RANGES.heads, 32);
  const headWidth = read.whole("attention_head_dim", RANGES.heads, 64);
  read.only("time_embed_dim", heads * headWidth);
  read.only("embedding_proj_dim", embeddingWidth);
  read.only("clip_embed_dim", embeddingWidth);
  return {
    heads,
    headWidth,
    layers: read.whole("num_layers", RANGES.layers, 20),
    embeddingWidth,
    textLength: read.whole("num_embeddings", RANGES.tokens, 77),
  };
}
