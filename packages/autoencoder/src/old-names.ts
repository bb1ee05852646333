import type { Checkpoint, Weight } from "@unclip/graph";

/** What early files call the layers of an attention block. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/(\.attentions\.\d+)\.query\./, "$1.to_q."],
  [/(\.attentions\.\d+)\.key\./, "$1.to_k."],
  [/(\.attentions\.\d+)\.value\./, "$1.to_v."],
  [/(\.attentions\.\d+)\.proj_attn\./, "$1.to_out.0."],
];
const ATTENTION_WEIGHT = /\.attentions\.\d+\.(to_q|to_k|to_v|to_out\.0)\.weight$/;

/** The checkpoint with the attention layers of early files under today's names, and as matrices where they were 1x1 convolutions. */
export function withCurrentNames(checkpoint: Checkpoint): Checkpoint {
  const weights = new Map<string, Weight>();
  for (const [key, weight] of checkpoint.weights) {
    const name = NAMES.reduce((renamed, [old, current]) => renamed.replace(old, current), key);
    weights.set(name, ATTENTION_WEIGHT.test(name) ? asMatrix(weight) : weight);
  }
  return { ...checkpoint, weights };
}

function asMatrix(weight: Weight): Weight {
  const { dims } = weight;
  return dims.length === 4 && dims[2] === 1 && dims[3] === 1 ? { ...weight, dims: dims.slice(0, 2) } : weight;
}
