import { UnclipError } from "@unclip/tensor";

/** The noise schedule of a diffusion process of T steps: q(x_t | x_0) = N(sqrt(ᾱ_t) x_0, (1 - ᾱ_t) I). */
export interface NoiseSchedule {
  /** T, the number of training timesteps. */
  readonly length: number;
  /** β_t, [T]. */
  readonly betas: Float64Array;
  /** ᾱ_t = Π (1 - β), [T]. */
  readonly alphasCumprod: Float64Array;
}

/** The rules for β_t that published schedulers name in `beta_schedule`. */
export type BetaSchedule = "linear" | "scaled_linear" | "sigmoid" | "squaredcos_cap_v2";

/** Options of {@link createSchedule}. */
export interface ScheduleOptions {
  /** Rule for β_t; default "squaredcos_cap_v2", the one unCLIP uses. */
  readonly betaSchedule?: BetaSchedule;
  /** T, 1 to 100,000; default 1000. */
  readonly length?: number;
  /** Least β of the rules other than squared cosine; default 1e-4. */
  readonly betaStart?: number;
  /** Greatest β of these rules; default 0.02. */
  readonly betaEnd?: number;
}

/** A hundred times the usual length: more is a damaged file, and its tables would fill the memory. */
const MOST_TIMESTEPS = 100_000;

/** A noise schedule with the float32 values that torch tables hold, kept in float64 arrays.
 * @throws UnclipError "config" for an unknown rule, a length out of range or betas that are not from 0 to 1
 * @see Nichol and Dhariwal 2021 (arXiv:2102.09672) eq. 17 for the squared cosine */
export function createSchedule(options: ScheduleOptions = {}): NoiseSchedule {
  const { betaSchedule = "squaredcos_cap_v2", length = 1000, betaStart = 1e-4, betaEnd = 0.02 } = options;
  const rule = RULES[betaSchedule];
  if (rule === undefined) {
    const known = Object.keys(RULES).join(", ");
    throw new UnclipError("config", `beta_schedule: expected one of ${known}, got ${String(betaSchedule)}`);
  }
  checkLength(length);
  return scheduleFromBetas(Float64Array.from({ length }, (_, i) => rule(i, length, betaStart, betaEnd)));
}

/** The schedule of given betas, [T].
 * @throws UnclipError "config" if T is out of range or a β is not from 0 to 1 */
export function scheduleFromBetas(betas: Float64Array): NoiseSchedule {
  checkLength(betas.length);
  const bad = betas.findIndex((beta) => !(beta >= 0 && beta <= 1));
  if (bad >= 0) {
    throw new UnclipError("config", `betas: expected numbers from 0 to 1, got ${betas[bad]} at timestep ${bad}`);
  }
  const rounded = betas.map(Math.fround);
  const alphasCumprod = new Float64Array(betas.length);
  let product = 1;
  for (let t = 0; t < betas.length; t++) {
    product *= Math.fround(1 - rounded[t]!);
    alphasCumprod[t] = Math.fround(product);
  }
  return { length: betas.length, betas: rounded, alphasCumprod };
}

/** The schedule stretched so that nothing of x_0 is left at T - 1: sqrt(ᾱ) is shifted to 0 there and keeps its value at 0.
 * @returns betas and ᾱ of the same length; ᾱ_{T-1} = 0, so that a network must predict v or x_0 there
 * @see Lin et al. 2023 (arXiv:2305.08891) algorithm 1 */
export function rescaleZeroTerminalSnr({ alphasCumprod, length }: NoiseSchedule): NoiseSchedule {
  const f32 = Math.fround;
  const signal = alphasCumprod.map((bar) => f32(Math.sqrt(bar)));
  const [first, last] = [signal[0]!, signal[length - 1]!];
  const stretch = f32(first / f32(first - last));
  const bars = signal.map((s) => f32(f32(f32(s - last) * stretch) ** 2));
  return scheduleFromBetas(bars.map((bar, t) => 1 - f32(t === 0 ? bar : bar / bars[t - 1]!)));
}

/** ᾱ at timestep t, where any t below 0 stands for the clean end of the process.
 * @param cleanEnd ᾱ of the clean end; default 1 */
export function alphaBar(schedule: NoiseSchedule, t: number, cleanEnd = 1): number {
  return t < 0 ? cleanEnd : schedule.alphasCumprod[t]!;
}

function checkLength(length: number): void {
  if (Number.isInteger(length) && length >= 1 && length <= MOST_TIMESTEPS) return;
  throw new UnclipError(
    "config",
    `num_train_timesteps: expected a whole number from 1 to ${MOST_TIMESTEPS}, got ${length}`,
  );
}

type BetaRule = (i: number, length: number, start: number, end: number) => number;

const cosine = (u: number) => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;

/** torch.linspace(start, end, length)[i] in float32: counted from the nearer end. */
function between(start: number, end: number, i: number, length: number): number {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  const step = length === 1 ? 0 : Math.fround(Math.fround(last - first) / (length - 1));
  return Math.fround(i < length / 2 ? first + step * i : last - step * (length - 1 - i));
}

const RULES: Readonly<Record<BetaSchedule, BetaRule>> = {
  linear: (i, length, start, end) => between(start, end, i, length),
  scaled_linear: (i, length, start, end) => between(Math.sqrt(start), Math.sqrt(end), i, length) ** 2,
  sigmoid: (i, length, start, end) => {
    const sigmoid = Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-between(-6, 6, i, length)))));
    return Math.fround(sigmoid * Math.fround(end - start)) + Math.fround(start);
  },
  squaredcos_cap_v2: (i, length) => Math.min(1 - cosine((i + 1) / length) / cosine(i / length), 0.999),
};
