import { conv2d, createGraphBuilder, mul, silu, upsampleConv, type Checkpoint, type Graph } from "@unclip/graph";
import type { AutoencoderConfig } from "../config.js";
import { createBlocks } from "./blocks.js";
import type { Size } from "./encoder.js";

/** The decoder: latents to pixels.
 *
 * Input: latents [N, c, h, w], scaled as the encoder scales them.
 * Output: pixels [N, 3, H, W], about in [-1, 1]: nothing is clamped.
 * @param size of the latents
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Esser et al. 2020 (arXiv:2012.09841) appendix A, table 7; Zheng et al. 2022 (arXiv:2209.09002, MoVQ) section 3.2 */
export function decoderNetwork(config: AutoencoderConfig, { height, width }: Size, checkpoint: Checkpoint): Graph {
  const { latentChannels, innerChannels, blockOutChannels, layersPerBlock, norm, factor } = config;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint, ignore: isOtherHalf });
  const input = g.input("latents", "float", ["N", latentChannels, height, width]);
  const latents =
    config.scalingFactor === 1 ? input : mul(g, input, g.constant("float", [1 / config.scalingFactor], [1]));
  const blocks = createBlocks(g, config, norm === "spatial" ? latents : undefined);
  const inner = conv2d(g, "post_quant_conv", latents, innerChannels, { kernel: 1 });

  g.scope("decoder", () => {
    let h = blocks.middle(conv2d(g, "conv_in", inner, blockOutChannels.at(-1)!, { kernel: 3, padding: 1 }));
    for (const [index, channels] of blockOutChannels.toReversed().entries()) {
      const level = blockOutChannels.length - 1 - index;
      g.scope(`up_blocks.${index}`, () => {
        for (let i = 0; i <= layersPerBlock; i++) {
          h = blocks.residual(`resnets.${i}`, h, channels);
          if (config.decoderAttention[level]) h = blocks.attention(`attentions.${i}`, h);
        }
        if (level === 0) return;
        const scale = factor / 2 ** (level - 1);
        h = upsampleConv(g, "upsamplers.0", h, [height * scale, width * scale]);
      });
    }
    h = silu(g, blocks.norm("conv_norm_out", h));
    g.output("pixels", conv2d(g, "conv_out", h, config.pixelChannels, { kernel: 3, padding: 1 }));
  });
  return g.finish();
}

function isOtherHalf(key: string): boolean {
  return ["encoder.", "quant_conv.", "quantize."].some((prefix) => key.startsWith(prefix));
}
