import { conv2d, createGraphBuilder, linear, reshape, silu, type Checkpoint, type Graph } from "@unclip/graph";
import type { OracleConfig } from "./config.js";

/** The oracle: convolutions, then a linear layer that sees every place of the picture, then all heads side by side.
 *
 * Input: pixels [N, 3, S, S], values in [-1, 1].
 * Outputs: features [N, D]; logits [N, K] of the heads, one after the other.
 * @throws UnclipError "weights" if the checkpoint does not fit the config */
export function oracleNetwork(config: OracleConfig, checkpoint: Checkpoint): Graph {
  const { sampleSize, blocks, heads } = config;
  const g = createGraphBuilder({ name: "oracle", checkpoint });
  let h = g.input("pixels", "float", ["N", 3, sampleSize, sampleSize]);
  blocks.forEach(({ channels, stride }, i) => {
    h = silu(g, conv2d(g, `convs.${i}`, h, channels, { kernel: 3, stride, padding: 1 }));
  });
  const [, channels, height, width] = h.dims as [string, number, number, number];
  const flat = reshape(g, h, ["N", channels * height * width]);
  const features = silu(g, linear(g, "features", flat, config.features)); // [N, D]
  g.output("features", features);
  const values = heads.reduce((sum, head) => sum + head.values.length, 0);
  g.output("logits", linear(g, "heads", features, values));
  return g.finish();
}
