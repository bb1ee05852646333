/** How a bucket is drawn from logits. */
export interface DrawOptions {
  /** What the logits are divided by: below 1 likely buckets become likelier, 0 takes the likeliest. */
  readonly temperature: number;
  /** Nucleus sampling: only the likeliest buckets whose probabilities together reach this share are drawn from; 1 keeps all. */
  readonly topP: number;
}

/** Draws a bucket from softmax(logits / temperature), cut to its nucleus.
 * @param u uniform in [0, 1): the same number draws the same bucket
 * @returns the bucket's index
 * @see Holtzman et al. 2019 (arXiv:1904.09751) section 3.1 */
export function drawBucket(logits: Float32Array, u: number, { temperature, topP }: DrawOptions): number {
  const byLogit = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]!);
  const likeliest = byLogit[0]!;
  if (temperature === 0) return likeliest;
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - logits[likeliest]!) / temperature));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const nucleus = new Set<number>();
  let share = 0;
  for (const bucket of byLogit) {
    nucleus.add(bucket);
    share += weights[bucket]! / whole;
    if (share >= topP) break;
  }
  let left = u * Math.min(share, 1) * whole;
  let drawn = likeliest;
  for (const [bucket, weight] of weights.entries()) {
    if (!nucleus.has(bucket)) continue;
    drawn = bucket;
    left -= weight;
    if (left < 0) break;
  }
  return drawn;
}
