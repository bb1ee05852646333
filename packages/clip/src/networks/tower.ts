import {
  gelu,
  quickGelu,
  transformerBlock,
  type GraphBuilder,
  type TransformerBlockOptions,
  type Value,
} from "@unclip/graph";
import type { ClipTowerConfig } from "../config.js";

const NAMES: TransformerBlockOptions["names"] = {
  attentionNorm: "layer_norm1",
  attention: { scope: "self_attn", q: "q_proj", k: "k_proj", v: "v_proj", out: "out_proj" },
  mlpNorm: "layer_norm2",
  mlpIn: "mlp.fc1",
  mlpOut: "mlp.fc2",
};

/** The transformer that both towers of CLIP share, under the scope "encoder".
 * @param h [N, L, W]
 * @param mask added to the attention scores
 * @returns [N, L, W] */
export function encoderLayers(g: GraphBuilder, h: Value, mask: Value | undefined, config: ClipTowerConfig): Value {
  const { layers, heads, inner, epsilon } = config;
  const activation = config.activation === "gelu" ? gelu : quickGelu;
  g.expectParts("encoder.layers", layers);
  for (let i = 0; i < layers; i++) {
    h = g.scope(`encoder.layers.${i}`, () =>
      transformerBlock(g, h, mask, { heads, inner, epsilon, activation, names: NAMES }),
    );
  }
  return h;
}

/** Keys of a CLIP file that the network of one tower leaves alone: the other tower, the temperature, and tables of positions. */
export function otherTower(prefixes: readonly string[]): (key: string) => boolean {
  const ignored = [...prefixes, "logit_scale"];
  return (key) => key.endsWith(".position_ids") || ignored.some((prefix) => key.startsWith(prefix));
}
