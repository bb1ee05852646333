import type { Denoiser } from "./prediction.js";
import { concatRows, rows, zip, type Tensor } from "@unclip/tensor";

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
