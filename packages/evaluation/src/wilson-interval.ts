/** How often something was right. */
export interface Score {
  readonly right: number;
  readonly total: number;
  /** right / total; null where there was nothing to judge. */
  readonly share: number | null;
  /** 95 % confidence interval of the share, Wilson's; null where there was nothing to judge. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** 97.5 % of a standard normal variable lie below. */
const Z = 1.959963984540054;

/** A share with its 95 % interval.
 * @param right integer in [0, total]
 * @see Wilson 1927, Journal of the American Statistical Association 22 (158), 209-212 */
export function createScore(right: number, total: number): Score {
  if (total === 0) return { right, total, share: null, interval: null };
  const share = right / total;
  const spread = Z ** 2 / total;
  const centre = (share + spread / 2) / (1 + spread);
  const half = (Z * Math.sqrt((share * (1 - share)) / total + spread / (4 * total))) / (1 + spread);
  return { right, total, share, interval: [Math.max(0, centre - half), Math.min(1, centre + half)] };
}
