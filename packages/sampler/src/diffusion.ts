import { alphaBar, type NoiseSchedule } from "./schedule.js";
import { zip, type Tensor } from "@unclip/tensor";

/** A sample of q(x_t | x_0): x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε.
 * @param x0 clean sample, any shape
 * @param noise ε, standard normal, same shape
 * @param alphaCumprod ᾱ_t in [0, 1]
 * @see Ho et al. 2020 (arXiv:2006.11239) eq. 4 */
export function addNoise(x0: Tensor, noise: Tensor, alphaCumprod: number): Tensor {
  const [signal, spread] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return zip(x0, noise, (x, eps) => signal * x + spread * eps);
}

/** x_0 from x_t and ε: x_0 = (x_t - sqrt(1 - ᾱ_t) ε) / sqrt(ᾱ_t). Both tensors have one shape, and so has the result.
 * @see Ho et al. 2020 (arXiv:2006.11239) eq. 15 */
export function x0FromEps(xt: Tensor, eps: Tensor, alphaCumprod: number): Tensor {
  const [signal, spread] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return zip(xt, eps, (x, e) => (x - spread * e) / signal);
}

/** ε from x_t and x_0: ε = (x_t - sqrt(ᾱ_t) x_0) / sqrt(1 - ᾱ_t). Both tensors have one shape, and so has the result. */
export function epsFromX0(xt: Tensor, x0: Tensor, alphaCumprod: number): Tensor {
  const [signal, spread] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return zip(xt, x0, (x, clean) => (x - signal * clean) / spread);
}

/** x_0 from x_t and v: x_0 = sqrt(ᾱ_t) x_t - sqrt(1 - ᾱ_t) v.
 * @see Salimans and Ho 2022 (arXiv:2202.00512) appendix D */
export function x0FromV(xt: Tensor, v: Tensor, alphaCumprod: number): Tensor {
  const [signal, spread] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return zip(xt, v, (x, velocity) => signal * x - spread * velocity);
}

/** ε from x_t and v: ε = sqrt(ᾱ_t) v + sqrt(1 - ᾱ_t) x_t.
 * @see Salimans and Ho 2022 (arXiv:2202.00512) appendix D */
export function epsFromV(xt: Tensor, v: Tensor, alphaCumprod: number): Tensor {
  const [signal, spread] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
  return zip(xt, v, (x, velocity) => signal * velocity + spread * x);
}

/** How much of the signal a step from t down to s keeps (α) and how much noise it takes away (β); α + β = 1. */
export interface StepRates {
  readonly alpha: number;
  readonly beta: number;
}

/** The rates of a step: α = ᾱ_t / ᾱ_s. Near the ends one of them is tiny, and torch's float32 rounding decides its digits.
 * @param t timestep of the sample, in [0, T)
 * @param s the earlier timestep, or -1 for the clean end */
export function stepRates(schedule: NoiseSchedule, t: number, s: number): StepRates {
  const alpha = Math.fround(alphaBar(schedule, t) / alphaBar(schedule, s));
  return { alpha, beta: Math.fround(1 - alpha) };
}

/** The forward posterior q(x_s | x_t, x_0) for a step from t down to s < t, of which s = t - 1 is the usual case. */
export interface Posterior {
  /** β of the whole step. */
  readonly beta: number;
  /** Variance of the posterior: β (1 - ᾱ_s) / (1 - ᾱ_t); 0 when s is the clean end. */
  readonly variance: number;
  /** Its mean for given x_0 and x_t, of one shape: sqrt(ᾱ_s) β / (1 - ᾱ_t) x_0 + sqrt(α) (1 - ᾱ_s) / (1 - ᾱ_t) x_t. */
  mean(x0: Tensor, xt: Tensor): Tensor;
}

/** Mean and variance of q(x_s | x_t, x_0).
 * @param t timestep of the sample, in [0, T)
 * @param s the earlier timestep, or -1 for the clean end
 * @param rates default {@link stepRates}
 * @see Ho et al. 2020 (arXiv:2006.11239) eq. 6-7 */
export function posterior(
  schedule: NoiseSchedule,
  t: number,
  s: number,
  rates: StepRates = stepRates(schedule, t, s),
): Posterior {
  const [barT, barS] = [alphaBar(schedule, t), alphaBar(schedule, s)];
  const { alpha, beta } = rates;
  const ofX0 = (Math.sqrt(barS) * beta) / (1 - barT);
  const ofXt = (Math.sqrt(alpha) * (1 - barS)) / (1 - barT);
  return {
    beta,
    variance: (beta * (1 - barS)) / (1 - barT),
    mean: (x0, xt) => zip(x0, xt, (clean, noisy) => ofX0 * clean + ofXt * noisy),
  };
}
