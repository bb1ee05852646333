import {
  clip,
  conv2d,
  createGraphBuilder,
  exp,
  mul,
  silu,
  slice,
  type Checkpoint,
  type Graph,
  type Value,
} from "@unclip/graph";
import type { AutoencoderConfig } from "../config.js";
import { createBlocks } from "./blocks.js";

/** Height and width, in pixels or latents as said. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** The encoder: pixels to latents.
 *
 * Input: pixels [N, 3, H, W] in [-1, 1].
 * Outputs: latents [N, c, h, w], of "kl" the mean; of "kl" also deviation, same shape. Both times the scaling factor.
 * @param size of the picture in pixels, multiples of config.factor
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Esser et al. 2020 (arXiv:2012.09841) appendix A, table 7; Kingma and Welling 2013 (arXiv:1312.6114) */
export function encoderNetwork(config: AutoencoderConfig, { height, width }: Size, checkpoint: Checkpoint): Graph {
  const { kind, pixelChannels, latentChannels, innerChannels, blockOutChannels, layersPerBlock } = config;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint, ignore: isOtherHalf });
  const pixels = g.input("pixels", "float", ["N", pixelChannels, height, width]);
  const blocks = createBlocks(g, config);
  const doubled = kind === "kl" ? 2 : 1;

  const inner = g.scope("encoder", () => {
    let h = conv2d(g, "conv_in", pixels, blockOutChannels[0]!, { kernel: 3, padding: 1 });
    for (const [level, channels] of blockOutChannels.entries()) {
      g.scope(`down_blocks.${level}`, () => {
        for (let i = 0; i < layersPerBlock; i++) {
          h = blocks.residual(`resnets.${i}`, h, channels);
          if (config.encoderAttention[level]) h = blocks.attention(`attentions.${i}`, h);
        }
        if (level < blockOutChannels.length - 1) h = halve(h, channels);
      });
    }
    h = silu(g, blocks.norm("conv_norm_out", blocks.middle(h)));
    return conv2d(g, "conv_out", h, doubled * innerChannels, { kernel: 3, padding: 1 });
  });
  const moments = conv2d(g, "quant_conv", inner, doubled * latentChannels, { kernel: 1 });

  const scale = g.constant("float", [config.scalingFactor], [1]);
  if (kind === "vq") {
    g.output("latents", moments);
  } else {
    g.output("latents", mul(g, slice(g, moments, 1, 0, latentChannels), scale));
    const logVariance = clip(g, slice(g, moments, 1, latentChannels, 2 * latentChannels), -30, 20);
    g.output("deviation", mul(g, exp(g, mul(g, logVariance, g.constant("float", [0.5], [1]))), scale));
  }
  return g.finish();

  /** Zeros at the bottom and to the right, then every second pixel of a convolution. */
  function halve(h: Value, channels: number): Value {
    return conv2d(g, "downsamplers.0.conv", h, channels, { kernel: 3, stride: 2, padding: [0, 0, 1, 1] });
  }
}

function isOtherHalf(key: string): boolean {
  return ["decoder.", "post_quant_conv.", "quantize."].some((prefix) => key.startsWith(prefix));
}
