import { ddimInversion, sample, type DdimOptions, type NoiseSchedule, type SamplerSpec } from "@unclip/sampler";
import { createRun, picturesFromPixels, repeatRows, UnclipError, type Random, type Tensor } from "@unclip/tensor";
import { fillRequest, PAINT_KEYS, type FillOptions } from "../fill-request.js";
import type { LoadedModel, Workplace } from "../operation.js";
import type { FilledRequest, NegativeSettings, PaintRequest, RunOptions } from "../request.js";
import type { Conditions } from "../stages.js";
import type { StageStep } from "../timeline.js";

/** A request that begins with an inversion. */
export interface InvertibleRequest extends PaintRequest {
  /** How often each step of the inversion is corrected by what the network sees at its end, from 0 to 20; default 2. Each takes one more
   * evaluation of the decoder in each step, and brings the picture back more faithfully. */
  refinements?: number;
}

/** A filled request that begins with an inversion. */
export interface FilledInvertibleRequest extends FilledRequest {
  readonly refinements: number;
}

/** The keys of a request that begins with an inversion. */
export const INVERTIBLE_KEYS = [...PAINT_KEYS, "refinements"];

/** Steps of an inversion, and of the way back, where the caller names none. */
const STEPS = 50;

/** Refinements where the caller names none: docs/studies has the curve. */
const REFINEMENTS = 2;

/** What counts as clean, as a share of the schedule: below it lies so little noise that a network says next to nothing about it. */
const CLEAN_SHARE = 0.02;

/** DDIM as its inversion goes back: along the same levels, and without clipping, which could not be undone. */
function reversible({ length }: NoiseSchedule) {
  return {
    spacing: "unclip",
    endTimestep: Math.floor(CLEAN_SHARE * length),
    previous: "list",
  } as const satisfies DdimOptions;
}

/** The sampler that paints an inverted picture.
 * @param eta 0 paints the picture again; more adds that share of DDPM's noise in each step */
function reversibleDdim(schedule: NoiseSchedule, eta: number): SamplerSpec {
  return { name: "ddim", eta, clipping: { kind: "none" }, epsFromClippedX0: false, ...reversible(schedule) };
}

/** Fills a request that begins with an inversion: DDIM, and without guidance, which would lead another way back than forth. */
export function fillInvertible(
  request: Omit<InvertibleRequest, "negative"> & NegativeSettings & RunOptions,
  loaded: LoadedModel,
  subjects: number,
  { eta = 0, ...options }: FillOptions & { readonly eta?: number } = {},
): FilledInvertibleRequest {
  const { refinements = REFINEMENTS, ...paint } = request;
  if (!Number.isInteger(refinements) || refinements < 0 || refinements > 20) {
    throw new UnclipError("input", `refinements: expected a whole number from 0 to 20, got ${String(refinements)}`);
  }
  const sampler = reversibleDdim(loaded.stages.decoder.scheduler.schedule, eta);
  const defaults = { ...loaded.defaults, decoder: { steps: STEPS, guidanceScale: 1, sampler } };
  return { ...fillRequest(paint, { ...loaded, defaults }, subjects, options), refinements };
}

/** The x_T from which DDIM paints pictures, conditioned on what shows them: the second half of a picture's latent (z_i, x_T).
 * @param x0 the pictures as clean samples of the decoder's space
 * @returns after yielding its steps, x_T of the decoder's space
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3; Dhariwal and Nichol 2021 (arXiv:2105.05233) appendix F */
export async function* invert(
  { stages, timeline, random, signal }: Workplace,
  x0: Tensor,
  { condition, negative }: Conditions,
  { decoder: { steps, guidanceScale, guidanceInterval }, refinements }: FilledInvertibleRequest,
): AsyncGenerator<StageStep, Tensor> {
  const { decoder } = stages;
  const { schedule } = decoder.scheduler;
  const sampler = ddimInversion({ ...reversible(schedule), refinements });
  return yield* timeline.run({
    name: "inversion",
    steps,
    work: () =>
      createRun(async function* () {
        await decoder.space.prepare?.();
        return yield* sample(decoder.denoiser(condition, { negative, guidanceScale, guidanceInterval }), {
          where: "inversion",
          sampler,
          schedule,
          timesteps: sampler.timesteps(schedule, steps),
          xT: x0,
          start: "sample",
          random,
          signal,
        });
      }),
    preview: async (shown) => picturesFromPixels(await decoder.space.preview(shown)),
    schedule,
  });
}

/** A stream that begins anew with each draw of rows of one shape: all draws give the same first row, and so on.
 * Conditions for an inversion and for the way back are noised alike by it. */
export function sameNoise(random: Random): Random {
  const drawn = new Map<string, Tensor>();
  const first = (kind: "normal" | "uniform") => (dims: readonly number[]) => {
    const key = `${kind} ${dims.slice(1).join()}`;
    const row = drawn.get(key) ?? random[kind]([1, ...dims.slice(1)]);
    drawn.set(key, row);
    return repeatRows(row, dims[0]!);
  };
  return { normal: first("normal"), uniform: first("uniform") };
}

/** A stream that gives every picture of a batch the same numbers: frames of a film that share their noise. */
export function sharedNoise(random: Random): Random {
  const share = (kind: "normal" | "uniform") => (dims: readonly number[]) => {
    const one = random[kind]([1, ...dims.slice(1)]);
    return repeatRows(one, dims[0]!);
  };
  return { normal: share("normal"), uniform: share("uniform") };
}
