import { sizeOf } from "@unclip/tensor";
import type { PlannedWeight } from "./plan.js";

/** Mean and standard deviation of a weight's random values. */
export interface Statistics {
  readonly mean: number;
  readonly std: number;
}

/** Statistics with which activations stay finite and of order 1 through the whole network: layers keep the variance of what
 * they are given, and those that are added to a residual stream add little to it. The first rule that fits a key counts. */
const RULES: readonly (readonly [RegExp, (weight: PlannedWeight) => Statistics])[] = [
  [/^clip_mean$/, () => ({ mean: 0, std: 0.1 })],
  [/^clip_std$/, () => ({ mean: 0.5, std: 0.02 })], // positive: 25 standard deviations from zero
  [/^mean$/, () => ({ mean: 0, std: 0.1 })],
  [/^std$/, () => ({ mean: 1, std: 0.02 })],
  [/norm\w*\.weight$|layrnorm\.weight$|norm\d?\.weight$/, () => ({ mean: 1, std: 0.02 })],
  [/\.bias$/, () => ({ mean: 0, std: 0.02 })],
  [/learned_classifier_free_guidance_embeddings$/, () => ({ mean: 0, std: 1 })],
  [/embedding$|embedding\.weight$/, () => ({ mean: 0, std: 0.02 })],
  [/conv_out\.weight$/, (weight) => ({ mean: 0, std: 0.3 * keepingVariance(weight) })],
  [
    /(conv2|to_out\.0|out_proj|proj_out|ff\.net\.2|fc2)\.weight$/,
    (weight) => ({ mean: 0, std: 0.3 * keepingVariance(weight) }),
  ],
  [/\.weight$/, (weight) => ({ mean: 0, std: keepingVariance(weight) })],
];

/** The statistics of a weight, by its name and shape.
 * @throws Error for a name that no rule fits */
export function statisticsOf(weight: PlannedWeight): Statistics {
  const rule = RULES.find(([pattern]) => pattern.test(weight.key));
  if (rule === undefined) throw new Error(`${weight.key}: no rule gives the statistics of such a weight`);
  return rule[1](weight);
}

/** 1 / sqrt(fan in) of a weight [out, in, ...]. */
function keepingVariance({ dims }: PlannedWeight): number {
  return 1 / Math.sqrt(sizeOf(dims.slice(1)));
}
