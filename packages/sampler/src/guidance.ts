import type { Denoiser } from "./prediction.js";
import type { NoiseSchedule } from "./schedule.js";
import { concatRows, rows, UnclipError, zip, type Tensor } from "@unclip/tensor";

/** Classifier-free guidance: uncond + s (cond - uncond). Scale 1 is off, 0 ignores the condition.
 * @see Ho and Salimans 2022 (arXiv:2207.12598) eq. 6, there with w = s - 1 */
export function guide(uncond: Tensor, cond: Tensor, guidanceScale: number): Tensor {
  return zip(uncond, cond, (u, c) => u + guidanceScale * (c - u));
}

/** A guided denoiser from one that sees every sample twice.
 * @param denoise takes [2N, ...]: N unconditional rows, then N conditional ones
 * @param guidanceScale s of {@link guide}
 * @returns a denoiser for [N, ...]; a learned variance comes from the conditional half */
export function withGuidance(denoise: Denoiser, guidanceScale: number): Denoiser {
  return async (xt, t, signal) => {
    const n = xt.dims[0]!;
    const both = await denoise(concatRows([xt, xt]), t, signal);
    const [uncond, cond] = [rows(both.output, 0, n), rows(both.output, n, 2 * n)];
    return {
      type: both.type,
      output: guide(uncond, cond, guidanceScale),
      variance: both.variance && rows(both.variance, n, 2 * n),
      unguided: { cond, uncond },
    };
  };
}

/** The training timesteps at which guidance acts, both ends included. At others the condition alone is computed, which is half the work.
 * @see Kynkäänniemi et al. 2024 (arXiv:2404.07724), there an interval of noise levels */
export type GuidanceInterval = readonly [low: number, high: number];

/** A denoiser that is guided within an interval of timesteps only. Each time a run enters or leaves the interval, the denoiser for what follows
 * is made anew.
 * @param interval default everywhere
 * @param guided makes the one of {@link withGuidance}
 * @param plain makes one for the condition alone */
export function guidedWithin(
  interval: GuidanceInterval | undefined,
  guided: () => Denoiser,
  plain: () => Denoiser,
): Denoiser {
  if (interval === undefined) return guided();
  const [low, high] = interval;
  let current: { readonly isGuided: boolean; readonly denoise: Denoiser } | undefined;
  return (xt, t, signal) => {
    const isGuided = low <= t && t <= high;
    if (current?.isGuided !== isGuided) current = { isGuided, denoise: isGuided ? guided() : plain() };
    return current.denoise(xt, t, signal);
  };
}

/** Throws unless an interval lies in the schedule.
 * @param where for messages, for example "decoder.guidanceInterval"
 * @throws UnclipError "input" */
export function checkGuidanceInterval(where: string, interval: unknown, { length }: NoiseSchedule): void {
  const isTimestep = (t: unknown) => Number.isInteger(t) && (t as number) >= 0 && (t as number) < length;
  if (Array.isArray(interval) && interval.length === 2 && interval.every(isTimestep) && interval[0] <= interval[1])
    return;
  throw new UnclipError(
    "input",
    `${where}: expected two timesteps from 0 to ${length - 1}, the lower first, such as [200, 800], got ${JSON.stringify(interval)}`,
  );
}
