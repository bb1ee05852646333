import { UnclipError, checkDims, tensor, valuesOf, type Random, type Tensor } from "@unclip/tensor";
import { addNoise } from "../diffusion.js";
import { alphasAlong, type Process, type Sampler, type Step } from "../sample.js";

/** Options of {@link repaint}. */
export interface RepaintOptions {
  /** The clean sample whose kept area stays, [N, ...]. */
  readonly known: Tensor;
  /** What is painted anew, of known's shape: 1 is painted, 0 is kept, and in between both are mixed. */
  readonly mask: Tensor;
  /** r of the paper, 1 or more: how often each stretch is sampled; default 5. More fits the new area better to the kept one and takes
   * as many times longer. The paper takes 10 at 250 steps. */
  readonly resamples?: number;
  /** j of the paper, 1 or more: how many steps a stretch has; default 1. The paper takes 10 at 250 steps. */
  readonly jump?: number;
  /** Standard normal noise, of known's shape, that the kept area is noised with after every step; default new noise each time. */
  readonly noise?: Tensor;
}

/** Inpainting with any sampler: after each of its steps the kept area is replaced by the known sample, noised to the level that was
 * reached. So that both areas agree, a stretch of `jump` steps is then gone back by the forward process and sampled again,
 * `resamples` times in all; what that takes happens within the step that ends the stretch. A sampler that remembers earlier steps
 * begins anew each time it goes back. With nothing to keep it is the sampler itself.
 * @throws UnclipError "shape" if mask and known differ in shape, "input" for a mask that leaves [0, 1] or counts that are not whole
 * numbers from 1
 * @see Lugmayr et al. 2022 (arXiv:2201.09865) algorithm 1, and appendix B for jumps */
export function repaint(inner: Sampler, options: RepaintOptions): Sampler {
  const { known, mask, resamples = 5, jump = 1 } = options;
  checkDims("repaint.mask", mask, known.dims, "the mask has the shape of the known sample");
  if (options.noise)
    checkDims("repaint.noise", options.noise, known.dims, "the noise has the shape of the known sample");
  checkMask(mask);
  checkCount("resamples", resamples);
  checkCount("jump", jump);
  if (valuesOf(mask).every((value) => value === 1)) return inner;
  return {
    ...inner,
    name: `repaint-${inner.name}`,
    begin(process) {
      const { random, timesteps } = process;
      const bars = alphasAlong(inner, process);
      bars[timesteps.length] = 1; // the kept area ends as it was, wherever the sampler ends
      let stretch = { start: 0, advance: inner.begin(process) };
      const goBack = (start: number) => (stretch = { start, advance: inner.begin(processFrom(process, start)) });
      const advance: typeof stretch.advance = async (denoise, xt, index) => {
        const step = await stretch.advance(denoise, xt, index - stretch.start);
        return keep(step, options, bars[index + 1]!, random);
      };
      return async (denoise, xt, index) => {
        let step = await advance(denoise, xt, index);
        const start = index + 1 - jump;
        if (start < 0 || !endsStretch(timesteps.length - index - 1, jump)) return step;
        for (let again = 1; again < resamples; again++) {
          goBack(start);
          let x = forward(step.xt, bars[index + 1]!, bars[start]!, random);
          for (let i = start; i <= index; i++) {
            step = await advance(denoise, x, i);
            x = step.xt;
          }
        }
        return step;
      };
    },
  };
}

/** Whether a stretch ends where so many steps are left: one before the last step, and each `jump` steps before that. */
function endsStretch(left: number, jump: number): boolean {
  return left > 0 && (left - 1) % jump === 0;
}

/** The rest of a process from one of its steps on. */
function processFrom(process: Process, start: number): Process {
  const { timesteps, skippedSteps = 0 } = process;
  return { ...process, timesteps: timesteps.slice(start), skippedSteps: skippedSteps + start };
}

/** A step with its kept area replaced.
 * @param bar ᾱ of the level that was reached */
function keep({ xt, x0 }: Step, { known, mask, noise }: RepaintOptions, bar: number, random: Random): Step {
  checkDims("repaint.known", known, xt.dims, "the known sample has the shape of what is sampled");
  const noised = bar === 1 ? known : addNoise(known, noise ?? random.normal(known.dims), bar);
  return { xt: mix(noised, xt, mask), x0: mix(known, x0, mask) };
}

/** mask · painted + (1 - mask) · kept; exact where the mask is 0 or 1. */
function mix(kept: Tensor, painted: Tensor, mask: Tensor): Tensor {
  const [k, p, m] = [valuesOf(kept), valuesOf(painted), valuesOf(mask)];
  const out = m.map((share, i) => share * p[i]! + (1 - share) * k[i]!);
  return tensor(out, painted.dims);
}

/** A sample of q(x_t | x_s) for a noisier t: sqrt(ᾱ_t / ᾱ_s) x_s + sqrt(1 - ᾱ_t / ᾱ_s) ε. */
function forward(xs: Tensor, barS: number, barT: number, random: Random): Tensor {
  return addNoise(xs, random.normal(xs.dims), barT / barS);
}

function checkMask(mask: Tensor): void {
  const bad = valuesOf(mask).find((value) => !(value >= 0 && value <= 1));
  if (bad === undefined) return;
  throw new UnclipError("input", `repaint.mask: expected values from 0 (kept) to 1 (painted anew), got ${bad}`);
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new UnclipError("input", `repaint.${name}: expected a whole number from 1, got ${value}`);
}
