import { epsFromV, epsFromX0, x0FromEps, x0FromV } from "./diffusion.js";
import { UnclipError, map, valuesOf, type Tensor } from "@unclip/tensor";

/** What a network predicts, by the names of scheduler_config.json: ε, x_0 or v. */
export type PredictionType = "epsilon" | "sample" | "v_prediction";

/** The output of a network for one x_t. */
export interface Prediction {
  /** What `output` means. */
  readonly type: PredictionType;
  /** ε, x_0 or v: x_t's shape. */
  readonly output: Tensor;
  /** Learned variance, if the network has one: x_t's shape, values in [-1, 1] that interpolate
   * log-variance between the posterior's (-1) and β (1). Samplers that do not use it leave it alone. */
  readonly variance?: Tensor;
  /** What guidance made `output` of: the predictions for the condition and for what it leads away from, of its shape. Absent without guidance. */
  readonly unguided?: { readonly cond: Tensor; readonly uncond: Tensor };
}

/** A network with its conditioning and guidance already wrapped around it.
 * @param xt noisy sample, [N, ...]
 * @param t training timestep in [0, T): a whole number, but for the samplers that work in σ, whose levels may lie between two */
export type Denoiser = (xt: Tensor, t: number, signal?: AbortSignal) => Promise<Prediction>;

/** How a predicted x_0 is kept in range before a step uses it. */
export type Clipping =
  | { readonly kind: "none" }
  /** Clamp to [-range, range]. */
  | { readonly kind: "range"; readonly range: number }
  /** Dynamic thresholding: clamp each sample to its quantile `ratio` of |x_0|, which is at least 1 and at most `max` (default none),
   * and divide by it. */
  | { readonly kind: "dynamic"; readonly ratio: number; readonly max?: number };

/** The x_0 that a prediction stands for, before clipping. */
export function predictedX0({ type, output }: Prediction, xt: Tensor, alphaCumprod: number): Tensor {
  switch (type) {
    case "epsilon":
      return x0FromEps(xt, output, alphaCumprod);
    case "sample":
      return output;
    case "v_prediction":
      return x0FromV(xt, output, alphaCumprod);
    default:
      throw new UnclipError("config", `prediction_type: expected epsilon, sample or v_prediction, got ${String(type)}`);
  }
}

/** The ε that a prediction stands for. */
export function predictedEps({ type, output }: Prediction, xt: Tensor, alphaCumprod: number): Tensor {
  if (type === "epsilon") return output;
  return type === "sample" ? epsFromX0(xt, output, alphaCumprod) : epsFromV(xt, output, alphaCumprod);
}

/** x_0 kept in range.
 * @see Saharia et al. 2022 (arXiv:2205.11487) section 2.3 for dynamic thresholding */
export function clipX0(x0: Tensor, clipping: Clipping): Tensor {
  if (clipping.kind === "none") return x0;
  if (clipping.kind === "range") {
    const { range } = clipping;
    return map(x0, (value) => Math.min(Math.max(value, -range), range));
  }
  const { ratio, max = Infinity } = clipping;
  const size = x0.data.length / x0.dims[0]!;
  const limits = Array.from({ length: x0.dims[0]! }, (_, row) => {
    const magnitudes = valuesOf(x0)
      .slice(row * size, (row + 1) * size)
      .map(Math.abs)
      .sort();
    return Math.min(Math.max(quantile(magnitudes, ratio), 1), max);
  });
  let at = 0;
  return map(x0, (value) => {
    const limit = limits[Math.floor(at++ / size)]!;
    return Math.min(Math.max(value, -limit), limit) / limit;
  });
}

/** Quantile of sorted values, interpolated linearly. */
function quantile(sorted: Float32Array, ratio: number): number {
  const position = ratio * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (position - below);
}
