import { ddimInversion, sample, type DdimOptions, type SamplerSpec } from "@unclip/sampler";
import { picturesFromPixels, repeatRows, type Random, type Tensor } from "@unclip/tensor";
import { fillRequest } from "../fill-request.js";
import type { LoadedModel, Workplace } from "../operation.js";
import type { FilledRequest, PaintRequest, RunOptions } from "../request.js";
import type { Conditions } from "../stages.js";
import type { StageStep } from "../timeline.js";

/** DDIM as its inversion goes back: along the same levels, and without clipping, which could not be undone. */
const REVERSIBLE = { spacing: "unclip", setAlphaToOne: false, previous: "list" } as const satisfies DdimOptions;

/** Steps of an inversion, and of the way back, where the caller names none. */
const STEPS = 50;

/** The sampler that paints an inverted picture.
 * @param eta 0 paints the picture again; more adds that share of DDPM's noise in each step */
export function reversibleDdim(eta: number): SamplerSpec {
  return { name: "ddim", eta, clipping: { kind: "none" }, epsFromClippedX0: false, ...REVERSIBLE };
}

/** Fills a request that begins with an inversion: DDIM, and without guidance, which would lead another way back than forth. */
export function fillInvertible(
  request: PaintRequest & RunOptions,
  loaded: LoadedModel,
  subjects: number,
  eta = 0,
): FilledRequest {
  const { steps = STEPS, guidanceScale = 1, ...rest } = request.decoder ?? {};
  const decoder = { steps, guidanceScale, sampler: reversibleDdim(eta), ...rest };
  return fillRequest({ ...request, decoder }, loaded, subjects);
}

/** The x_T from which DDIM paints pictures, conditioned on what shows them: the second half of a picture's latent (z_i, x_T).
 * @param pixels [N, 3, S, S] in [-1, 1]
 * @returns after yielding its steps, x_T of the decoder's space
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3; Dhariwal and Nichol 2021 (arXiv:2105.05233) appendix F */
export async function* invert(
  { stages, timeline, random, signal }: Workplace,
  pixels: Tensor,
  { condition, negative }: Conditions,
  { decoder: { steps, guidanceScale } }: FilledRequest,
): AsyncGenerator<StageStep, Tensor> {
  const { decoder } = stages;
  const x0 = await decoder.space.encode(pixels);
  const { schedule } = decoder.scheduler;
  const sampler = ddimInversion(REVERSIBLE);
  return yield* timeline.run({
    name: "inversion",
    steps,
    work: () =>
      sample(decoder.denoiser(condition, { negative, guidanceScale }), {
        where: "inversion",
        sampler,
        schedule,
        timesteps: sampler.timesteps(schedule, steps),
        xT: x0,
        start: "sample",
        random,
        signal,
      }),
    preview: (shown) => picturesFromPixels(decoder.space.preview(shown)),
  });
}

/** A stream that gives every picture of a batch the same numbers: frames of a film that share their noise. */
export function sharedNoise(random: Random): Random {
  const share = (kind: "normal" | "uniform") => (dims: readonly number[]) => {
    const one = random[kind]([1, ...dims.slice(1)]);
    return repeatRows(one, dims[0]!);
  };
  return { normal: share("normal"), uniform: share("uniform") };
}
