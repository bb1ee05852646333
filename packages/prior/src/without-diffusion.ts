import type { Prior } from "./prior.js";

/** The CLIP text embedding stands in for the image embedding.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 5.1, "text embeddings directly" */
export const textEmbeddingAsPrior: Prior = {
  name: "text-embedding",
  embed: async ({ textEmbedding }) => textEmbedding,
};

/** No image embedding: the decoder puts its learned null embedding there, and the caption alone conditions it.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 5.1, "caption" */
export const withoutPrior: Prior = { name: "none", embed: async () => undefined };
