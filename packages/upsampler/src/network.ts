import {
  createGraphBuilder,
  timestepEmbedding,
  timestepNetwork,
  unet,
  type Checkpoint,
  type Graph,
} from "@unclip/graph";
import type { UpsamplerConfig } from "./config.js";

/** The upsampler's U-Net: no attention, no caption, the small picture is all it sees.
 *
 * Inputs: xt [N, 2C, S, S], the noisy picture and the small one enlarged; t [1].
 * Output: prediction [N, C, S, S].
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.1; Dhariwal and Nichol 2021 (arXiv:2105.05233) */
export function upsamplerNetwork(config: UpsamplerConfig, checkpoint: Checkpoint): Graph {
  const { sampleSize, inChannels, blockOutChannels } = config;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint });
  const xt = g.input("xt", "float", ["N", inChannels, sampleSize, sampleSize]);
  const t = g.input("t", "float", [1]);
  const time = timestepNetwork(
    g,
    "time_embedding",
    timestepEmbedding(g, t, blockOutChannels[0]!),
    blockOutChannels[0]! * 4,
  );
  g.output("prediction", unet(g, xt, time, { ...config, attentionLevels: [] }));
  return { ...g.finish(), at: (side) => upsamplerNetwork({ ...config, sampleSize: side }, checkpoint) };
}
