import { UnclipError } from "@unclip/tensor";

/** The rules that pick N of T training timesteps. */
export type TimestepSpacing = "unclip" | "linspace" | "leading" | "trailing";

/** Options of {@link spaceTimesteps}. */
export interface TimestepOptions {
  /** Rule; "unclip" runs from T - 1 to 0 with both ends. */
  readonly spacing: TimestepSpacing;
  /** N, the number of sampling steps: 1 to T ("unclip" needs 2 at least). */
  readonly steps: number;
  /** T; default 1000. */
  readonly length?: number;
  /** Added to every timestep of "leading"; default 0. */
  readonly stepsOffset?: number;
  /** Only timesteps below this one are taken; default T. "trailing" then gives fewer than N, for it keeps its stride. */
  readonly below?: number;
  /** Whether N + 1 timesteps are spaced and the cleanest is left out, as DPM-Solver and UniPC do, whose last step ends
   * outside of the list; default false. "trailing" leaves it out anyway. */
  readonly dropLast?: boolean;
  /** Whether "linspace" keeps its fractions, as the samplers do that work in σ; default false, which rounds. */
  readonly fractional?: boolean;
}

/** N timesteps in [0, T), descending.
 * @throws UnclipError "input" if N does not fit
 * @see Lin et al. 2023 (arXiv:2305.08891) table 2 for linspace, leading and trailing */
export function spaceTimesteps(options: TimestepOptions): number[] {
  const { spacing, steps, length = 1000, stepsOffset = 0, below = length } = options;
  const { dropLast = false, fractional = false } = options;
  const dropped = dropLast && spacing !== "trailing" ? 1 : 0;
  const [least, most] = [spacing === "unclip" ? 2 : 1, below - dropped];
  if (!Number.isInteger(steps) || steps < least || steps > most) {
    throw new UnclipError("input", `steps: expected a whole number from ${least} to ${most}, got ${steps}`);
  }
  const points = steps + dropped;
  if (spacing === "leading" && (points - 1) * Math.floor(below / points) + stepsOffset >= length) {
    throw new UnclipError(
      "input",
      `steps_offset: ${steps} steps of ${length} leave no room for an offset of ${stepsOffset}`,
    );
  }
  const descending = (f: (i: number) => number) => Array.from({ length: steps }, (_, i) => f(points - 1 - i));
  const stride = points === 1 ? 0 : (below - 1) / (points - 1);
  switch (spacing) {
    case "unclip":
      return descending((i) => roundHalfEven(i * stride));
    case "linspace":
      return descending((i) => (fractional ? Math.fround(i * stride) : roundHalfEven(i * stride)));
    case "leading":
      return descending((i) => i * Math.floor(below / points) + stepsOffset);
    case "trailing":
      return Array.from({ length: steps }, (_, i) => roundHalfEven(below - i * (length / steps)) - 1).filter(
        (t) => t >= 0,
      );
    default:
      throw new UnclipError(
        "config",
        `timestep_spacing: expected unclip, linspace, leading or trailing, got ${String(spacing)}`,
      );
  }
}

/** Timesteps by the respacing strings of guided-diffusion, descending.
 * "a,b,c" splits T into as many equal sections as there are numbers, the cleanest first, and takes that many timesteps
 * evenly from each; one number is "unclip" spacing. "ddim<N>" takes every s-th timestep from 0, where s is the least
 * stride that gives exactly N. "fast27" is "10,10,3,2,2" with T - 3 in place of T - 1.
 * @param spec for example "25", "10,10,3,2,2", "ddim27", "fast27"
 * @param length T; default 1000
 * @throws UnclipError "input" if `spec` is none of these or asks for more timesteps than there are
 * @see Nichol et al. 2021 (arXiv:2112.10741), the code of GLIDE */
export function respaceTimesteps(spec: string, length = 1000): number[] {
  if (spec === "fast27") {
    const rest = respaceTimesteps("10,10,3,2,2", length).slice(1);
    return [length - 3, ...rest];
  }
  const ddim = /^ddim(\d+)$/.exec(spec);
  if (ddim) return stridedTimesteps(Number(ddim[1]), length);
  if (!/^\d+(,\d+)*$/.test(spec)) {
    throw new UnclipError("input", `respacing: expected "25", "10,10,3,2,2", "ddim27" or "fast27", got "${spec}"`);
  }
  const counts = spec.split(",").map(Number);
  let start = 0;
  const ascending = counts.flatMap((count, section) => {
    const size = Math.floor(length / counts.length) + (section < length % counts.length ? 1 : 0);
    if (count > size) {
      throw new UnclipError("input", `respacing "${spec}": a section of ${size} timesteps cannot give ${count}`);
    }
    const taken = evenlyFrom(start, size, count);
    start += size;
    return taken;
  });
  return ascending.reverse();
}

/** `count` timesteps of a section, both ends included; the fractional stride is added up, as the original does. */
function evenlyFrom(start: number, size: number, count: number): number[] {
  const stride = count <= 1 ? 1 : (size - 1) / (count - 1);
  let at = 0;
  return Array.from({ length: count }, () => {
    const t = start + roundHalfEven(at);
    at += stride;
    return t;
  });
}

function stridedTimesteps(count: number, length: number): number[] {
  for (let stride = 1; stride < length; stride++) {
    if (Math.ceil(length / stride) === count) return Array.from({ length: count }, (_, i) => (count - 1 - i) * stride);
  }
  throw new UnclipError("input", `respacing "ddim${count}": no whole stride over ${length} timesteps gives ${count}`);
}

/** Rounds halves to the even neighbour, as numpy does. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
