import {
  add,
  addedAttentionBlock,
  createGraphBuilder,
  slice,
  timestepEmbedding,
  timestepNetwork,
  unet,
  type Checkpoint,
  type DeepFeatures,
  type Graph,
} from "@unclip/graph";
import type { KarloDecoderConfig } from "./config.js";

/** The decoder's U-Net.
 *
 * Inputs: xt [N, C, S, S]; t [1]; and what the text projection gives of T tokens: timeCondition [N, E]; context [N, T, W]; contextBias [N, 1, 1, T].
 * Outputs: prediction [N, C, S, S]; variance, same shape, where the network has learned it.
 * @param deep whether it gives its deep features, or takes them
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Nichol et al. 2021 (arXiv:2112.10741, GLIDE); Ramesh et al. 2022 (arXiv:2204.06125) section 2.1 */
export function karloUnet(config: KarloDecoderConfig, checkpoint: Checkpoint, deep?: DeepFeatures): Graph {
  const { sampleSize, inChannels, outChannels, blockOutChannels, headWidth, contextWidth } = config;
  const timeWidth = blockOutChannels[0]! * 4;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint, ignore: () => deep === "input" });
  const xt = g.input("xt", "float", ["N", inChannels, sampleSize, sampleSize]);
  const t = g.input("t", "float", [1]);
  const timeCondition = g.input("timeCondition", "float", ["N", timeWidth]);
  const context = g.input("context", "float", ["N", "T", contextWidth]);
  const contextBias = g.input("contextBias", "float", ["N", 1, 1, "T"]);

  const time = timestepNetwork(g, "time_embedding", timestepEmbedding(g, t, blockOutChannels[0]!), timeWidth); // [1, E]
  const cross = { headWidth, context, contextBias };
  const out = unet(g, xt, add(g, time, timeCondition), {
    ...config,
    deep,
    attention: (scope, h) => addedAttentionBlock(g, scope, h, cross, config),
  });
  g.output("prediction", outChannels === inChannels ? out : slice(g, out, 1, 0, inChannels));
  if (outChannels === 2 * inChannels) g.output("variance", slice(g, out, 1, inChannels, outChannels));
  return g.finish();
}
