import {
  add,
  concat,
  createGraphBuilder,
  layerNorm,
  linear,
  maskBias,
  mul,
  pad,
  reshape,
  sub,
  transpose,
  type Checkpoint,
  type Graph,
} from "@unclip/graph";
import type { TextProjectionConfig } from "./config.js";

/** The network that turns CLIP's embeddings into what the U-Net is conditioned on: the image embedding becomes part of the
 * time embedding and four tokens in front of the caption's.
 *
 * Inputs: imageEmbedding [N, D]; imageGiven [N, 1], 1 to use it or 0 for the learned null embedding; textEmbedding [N, D];
 * textStates [N, L, W]; textMask [N, L]; captions may go without padding that all of them have.
 * Outputs: timeCondition [N, E]; context [N, 4 + L, C]; contextBias [N, 1, 1, 4 + L], for attention scores.
 * @param textWidth W
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.1 */
export function textProjectionNetwork(config: TextProjectionConfig, textWidth: number, checkpoint: Checkpoint): Graph {
  const { extraTokens, embeddingWidth, timeWidth, contextWidth } = config;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint });
  const imageEmbedding = g.input("imageEmbedding", "float", ["N", embeddingWidth]);
  const imageGiven = g.input("imageGiven", "float", ["N", 1]);
  const textEmbedding = g.input("textEmbedding", "float", ["N", embeddingWidth]);
  const textStates = g.input("textStates", "float", ["N", "L", textWidth]);
  const textMask = g.input("textMask", "float", ["N", "L"]);

  const none = g.weight("learned_classifier_free_guidance_embeddings", [embeddingWidth], [1, embeddingWidth]);
  const absent = sub(g, g.constant("float", [1], [1]), imageGiven);
  const image = add(g, mul(g, imageEmbedding, imageGiven), mul(g, none, absent)); // [N, D]

  const ofText = linear(g, "embedding_proj", textEmbedding, timeWidth);
  const ofImage = linear(g, "clip_image_embeddings_project_to_time_embeddings", image, timeWidth);
  g.output("timeCondition", add(g, ofImage, ofText));

  const flat = linear(g, "clip_extra_context_tokens_proj", image, extraTokens * contextWidth);
  const extra = transpose(g, reshape(g, flat, ["N", contextWidth, extraTokens]), [0, 2, 1]); // token k takes k, k + 4, k + 8, ...
  const states = linear(g, "encoder_hidden_states_proj", textStates, contextWidth);
  const caption = layerNorm(g, "text_encoder_hidden_states_norm", states);
  g.output("context", concat(g, [extra, caption], 1, `L+${extraTokens}`));
  g.output("contextBias", pad(g, maskBias(g, textMask), 3, [extraTokens, 0]));
  return g.finish();
}
