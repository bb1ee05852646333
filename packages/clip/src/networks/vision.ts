import {
  add,
  concat,
  conv2d,
  createGraphBuilder,
  expandRows,
  layerNorm,
  linear,
  reshape,
  slice,
  transpose,
  type Checkpoint,
  type Graph,
} from "@unclip/graph";
import type { ClipVisionConfig } from "../config.js";
import { encoderLayers, otherTower } from "./tower.js";

/** CLIP's vision tower with its projection.
 *
 * Input: pixels [N, 3, S, S], normalised as preprocessor_config.json says.
 * Output: imageEmbedding [N, D], not normalised.
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Radford et al. 2021 (arXiv:2103.00020) section 2.4; Dosovitskiy et al. 2020 (arXiv:2010.11929) */
export function clipVisionNetwork(config: ClipVisionConfig, checkpoint: Checkpoint): Graph {
  const { width, imageSize, patchSize, epsilon, embeddingWidth } = config;
  const patches = (imageSize / patchSize) ** 2;
  const g = createGraphBuilder({
    name: checkpoint.name,
    checkpoint,
    ignore: otherTower(["text_model.", "text_projection."]),
  });
  const pixels = g.input("pixels", "float", ["N", 3, imageSize, imageSize]);

  const pooled = g.scope("vision_model", () => {
    const embedded = g.scope("embeddings", () => {
      const grid = conv2d(g, "patch_embedding", pixels, width, { kernel: patchSize, stride: patchSize, bias: false });
      const tokens = transpose(g, reshape(g, grid, ["N", width, patches]), [0, 2, 1]); // [N, P, W]
      const classToken = expandRows(g, g.weight("class_embedding", [width], [1, 1, width]), tokens);
      const positions = g.scope("position_embedding", () => g.weight("weight", [patches + 1, width]));
      return add(g, concat(g, [classToken, tokens], 1), positions);
    });
    const h = encoderLayers(g, layerNorm(g, "pre_layrnorm", embedded, epsilon), undefined, config); // the checkpoints spell it so
    return layerNorm(g, "post_layernorm", reshape(g, slice(g, h, 1, 0, 1), ["N", width]), epsilon);
  });
  g.output("imageEmbedding", linear(g, "visual_projection", pooled, embeddingWidth, { bias: false }));
  return g.finish();
}
