import {
  add,
  createGraphBuilder,
  timestepEmbedding,
  timestepNetwork,
  transformerAttentionBlock,
  unet,
  type Checkpoint,
  type DeepFeatures,
  type Graph,
} from "@unclip/graph";
import type { StableUnclipConfig } from "./config.js";

/** What a Stable unCLIP network is built for. */
export interface StableUnclipSize {
  /** Height of the latents. */
  readonly height: number;
  /** Width of the latents. */
  readonly width: number;
  /** Tokens of a caption. */
  readonly textLength: number;
}

/** The U-Net of Stable unCLIP.
 *
 * Inputs: xt [N, C, h, w], noisy latents; t [1]; imageCondition [N, 2D], the noised image embedding and the embedding of its noise
 * level, zeros where guidance leads away from; textStates [N, L, W].
 * Output: prediction [N, C, h, w].
 * @param deep whether it gives its deep features, or takes them
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Rombach et al. 2022 (arXiv:2112.10752); Ramesh et al. 2022 (arXiv:2204.06125) section 2.1 */
export function stableUnclipNetwork(
  config: StableUnclipConfig,
  size: StableUnclipSize,
  checkpoint: Checkpoint,
  deep?: DeepFeatures,
): Graph {
  const { inChannels, blockOutChannels, contextWidth, imageConditionWidth, heads, groups, transformerLayers } = config;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint, ignore: () => deep === "input" });
  const xt = g.input("xt", "float", ["N", inChannels, size.height, size.width]);
  const t = g.input("t", "float", [1]);
  const imageCondition = g.input("imageCondition", "float", ["N", imageConditionWidth]);
  const context = g.input("textStates", "float", ["N", size.textLength, contextWidth]);
  const timeWidth = blockOutChannels[0]! * 4;

  const time = timestepNetwork(g, "time_embedding", timestepEmbedding(g, t, blockOutChannels[0]!), timeWidth); // [1, E]
  const image = timestepNetwork(g, "class_embedding", imageCondition, timeWidth); // [N, E]
  const out = unet(g, xt, add(g, time, image), {
    ...config,
    deep,
    resampling: "convolution",
    attention: (scope, h, level) =>
      transformerAttentionBlock(g, scope, h, { heads: heads[level]!, context, groups, layers: transformerLayers }),
  });
  g.output("prediction", out);
  return g.finish();
}
