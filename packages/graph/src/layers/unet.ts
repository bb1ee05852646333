import type { GraphBuilder, Value } from "../builder.js";
import { concat, silu } from "../ops.js";
import { conv2d, groupNorm } from "./basic.js";
import { downsampleBlock, residualBlock, upsampleBlock, upsampleConv, type UnetBlockOptions } from "./unet-blocks.js";

/** Sizes of a U-Net whose levels differ by a factor of 2 in height and width. */
export interface UnetOptions extends UnetBlockOptions {
  /** Channels of each level, highest resolution first. */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of a level on the way down; one more on the way up. */
  readonly layersPerBlock: number;
  readonly outChannels: number;
  /** Attention block under a scope, at a level; without it the network is convolutional only. */
  readonly attention?: (scope: string, h: Value, level: number) => Value;
  /** Levels that have attention on the way down, highest resolution first. */
  readonly attentionLevels: readonly boolean[];
  /** What leads from level to level: residual blocks, or a convolution; default residual blocks. */
  readonly resampling?: "residual" | "convolution";
  readonly deep?: DeepFeatures;
}

/** For reusing what the levels below the first make for it: the graph gives that as a further output "deep", or takes it as an input "deep" and
 * has the first level alone. Where it is left out, the graph does neither.
 * @see Ma et al. 2023 (arXiv:2312.00858) section 3.2 */
export type DeepFeatures = "output" | "input";

/** U-Net in the arrangement of diffusers: conv_in, down_blocks, mid_block, up_blocks, conv_out.
 * @param x [N, C, H, W]; H and W are multiples of 2^(levels - 1), unless convolutions lead from level to level
 * @param temb time embedding with whatever conditions were added to it, [N or 1, E]
 * @returns [N, outChannels, H, W]
 * @see Dhariwal and Nichol 2021 (arXiv:2105.05233) */
export function unet(g: GraphBuilder, x: Value, temb: Value, options: UnetOptions): Value {
  const { blockOutChannels, layersPerBlock, outChannels, attention, attentionLevels, groups, epsilon, deep } = options;
  const levels = blockOutChannels.length;
  const isConvolution = options.resampling === "convolution";
  const built = deep === "input" ? 1 : levels;
  const attend = (h: Value, level: number, index: number) =>
    attentionLevels[level] && attention ? attention(`attentions.${index}`, h, level) : h;

  let h = conv2d(g, "conv_in", x, blockOutChannels[0]!, { kernel: 3, padding: 1 });
  const skips = [h];
  g.expectParts("down_blocks", levels);
  g.expectParts("down_blocks.0.resnets", layersPerBlock);

  for (const [level, channels] of blockOutChannels.slice(0, built).entries()) {
    g.scope(`down_blocks.${level}`, () => {
      for (let i = 0; i < layersPerBlock; i++) {
        h = attend(residualBlock(g, `resnets.${i}`, [h, temb], channels, options), level, i);
        skips.push(h);
      }
      if (level === built - 1) return;
      h = isConvolution
        ? conv2d(g, "downsamplers.0.conv", h, channels, { kernel: 3, stride: 2, padding: 1 })
        : downsampleBlock(g, "downsamplers.0", [h, temb], options);
      skips.push(h);
    });
  }

  if (deep !== "input") {
    g.scope("mid_block", () => {
      const channels = blockOutChannels.at(-1)!;
      h = residualBlock(g, "resnets.0", [h, temb], channels, options);
      if (attention) h = attention("attentions.0", h, levels - 1);
      h = residualBlock(g, "resnets.1", [h, temb], channels, options);
    });
  }

  for (const [level, channels] of [...blockOutChannels.slice(0, built).entries()].toReversed()) {
    if (level === 0) h = branch(h);
    g.scope(`up_blocks.${levels - 1 - level}`, () => {
      for (let i = 0; i <= layersPerBlock; i++) {
        h = residualBlock(g, `resnets.${i}`, [concat(g, [h, skips.pop()!], 1), temb], channels, options);
        h = attend(h, level, i);
      }
      if (level === 0) return;
      h = isConvolution
        ? upsampleConv(g, "upsamplers.0", h, areaOf(skips.at(-1)!))
        : upsampleBlock(g, "upsamplers.0", [h, temb], options);
    });
  }

  return conv2d(g, "conv_out", silu(g, groupNorm(g, "conv_norm_out", h, groups, epsilon)), outChannels, {
    kernel: 3,
    padding: 1,
  });

  /** Where the first level takes what the others made. */
  function branch(made: Value): Value {
    if (deep === "output") g.output("deep", made);
    if (deep !== "input") return made;
    return g.input("deep", "float", ["N", blockOutChannels[1] ?? blockOutChannels[0]!, ...areaOf(made)]);
  }
}

function areaOf({ dims }: Value): [number, number] {
  return [dims[2] as number, dims[3] as number];
}
