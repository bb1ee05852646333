import {
  add,
  conv2d,
  groupNorm,
  linear,
  mul,
  multiHeadAttention,
  reshape,
  residualBlock,
  resizeNearest,
  transpose,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import type { AutoencoderConfig } from "../config.js";

/** Epsilon of every norm of an autoencoder. */
const EPSILON = 1e-6;

/** Groups of the group norm inside a spatial norm, whatever the config says of the others. */
const SPATIAL_GROUPS = 32;

/** Group norm of h [N, C, H, W], scaled and shifted pixel by pixel by the latents [N, c, h, w] below.
 * @see Zheng et al. 2022 (arXiv:2209.09002, MoVQ) section 3.2 */
function spatialNorm(g: GraphBuilder, scope: string, h: Value, latents: Value): Value {
  const [, channels, height, width] = h.dims as [unknown, number, number, number];
  return g.scope(scope, () => {
    const normed = groupNorm(g, "norm_layer", h, SPATIAL_GROUPS, EPSILON);
    // a 1x1 convolution of the small latents, enlarged, is that of the enlarged latents
    const perPixel = (name: string) =>
      resizeNearest(g, conv2d(g, name, latents, channels, { kernel: 1 }), [height, width]);
    return add(g, mul(g, normed, perPixel("conv_y")), perPixel("conv_b"));
  });
}

/** Attention of all pixels to one another, with one head.
 * @param x [N, C, H, W]
 * @param norm the norm in front
 * @returns x plus what it attended to, same shape */
function attentionBlock(g: GraphBuilder, scope: string, x: Value, norm: (h: Value) => Value): Value {
  const [n, channels, height, width] = x.dims as [string | number, number, number, number];
  return g.scope(scope, () => {
    const tokens = transpose(g, reshape(g, norm(x), [n, channels, height * width]), [0, 2, 1]); // [N, HW, C]
    const [query, key, value] = ["to_q", "to_k", "to_v"].map((name) => linear(g, name, tokens, channels)) as [
      Value,
      Value,
      Value,
    ];
    const attended = multiHeadAttention(g, [query, key, value], 1);
    const out = transpose(g, linear(g, "to_out.0", attended, channels), [0, 2, 1]); // [N, C, HW]
    return add(g, reshape(g, out, x.dims), x);
  });
}

/** The blocks of one half of an autoencoder, over one set of options. */
export interface Blocks {
  residual(scope: string, h: Value, out: number): Value;
  attention(scope: string, h: Value): Value;
  norm(scope: string, h: Value): Value;
  /** The middle: a residual block, attention, a residual block. */
  middle(h: Value): Value;
}

/** @param latents what spatial norms follow; undefined for plain group norms */
export function createBlocks(g: GraphBuilder, config: AutoencoderConfig, latents?: Value): Blocks {
  const { groups } = config;
  const norm = (name: string, h: Value) =>
    latents === undefined ? groupNorm(g, name, h, groups, EPSILON) : spatialNorm(g, name, h, latents);
  const options = { groups, epsilon: EPSILON, timeScaleShift: "default", norm } as const;
  const attentionNorm = latents === undefined ? "group_norm" : "spatial_norm";
  const blocks: Blocks = {
    residual: (scope, h, out) => residualBlock(g, scope, [h, undefined], out, options),
    attention: (scope, h) => attentionBlock(g, scope, h, (x) => norm(attentionNorm, x)),
    norm,
    middle: (h) =>
      g.scope("mid_block", () => {
        const channels = h.dims[1] as number;
        const before = blocks.residual("resnets.0", h, channels);
        return blocks.residual("resnets.1", blocks.attention("attentions.0", before), channels);
      }),
  };
  return blocks;
}
