import {
  add,
  causalMask,
  createGraphBuilder,
  gather,
  layerNorm,
  linear,
  matmul,
  reshape,
  type Checkpoint,
  type Graph,
} from "@unclip/graph";
import type { ClipTextConfig } from "../config.js";
import { encoderLayers, otherTower } from "./tower.js";

/** CLIP's text tower, with its projection where it has one.
 *
 * Inputs: ids [N, L], int32; endOfText [N, 1, L], 1 at the end-of-text token and 0 elsewhere.
 * Outputs: textEmbedding [N, D], not normalised; textStates [N, L, W], after the final norm.
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Radford et al. 2021 (arXiv:2103.00020) section 2.4 */
export function clipTextNetwork(config: ClipTextConfig, checkpoint: Checkpoint): Graph {
  const { width, textLength, vocabularySize, epsilon, embeddingWidth, hasProjection } = config;
  const g = createGraphBuilder({
    name: checkpoint.name,
    checkpoint,
    ignore: otherTower(["vision_model.", "visual_projection."]),
  });
  const ids = g.input("ids", "int32", ["N", textLength]);
  const endOfText = g.input("endOfText", "float", ["N", 1, textLength]);

  const states = g.scope("text_model", () => {
    const embedded = g.scope("embeddings", () => {
      const tokens = gather(
        g,
        g.scope("token_embedding", () => g.weight("weight", [vocabularySize, width])),
        ids,
      );
      return add(
        g,
        tokens,
        g.scope("position_embedding", () => g.weight("weight", [textLength, width])),
      );
    });
    return layerNorm(g, "final_layer_norm", encoderLayers(g, embedded, causalMask(g, textLength), config), epsilon);
  });
  const pooled = reshape(g, matmul(g, endOfText, states), ["N", width]);
  const project = () => linear(g, "text_projection", pooled, embeddingWidth, { bias: false });
  g.output("textEmbedding", hasProjection ? project() : pooled);
  g.output("textStates", states);
  return g.finish();
}
