import { planSampling, sample, type SampleOptions, type SamplingPlan } from "@unclip/sampler";
import { rowsOf } from "./conditions.js";
import { createRun, picturesFromPixels, type Picture, type Tensor } from "@unclip/tensor";
import type { Workplace } from "./operation.js";
import type { FilledRequest } from "./request.js";
import type { Conditions } from "./stages.js";
import type { StageStep } from "./timeline.js";

/** Where a sampling starts, and what else differs from the plan. */
export type Start = Pick<SampleOptions, "xT"> &
  Partial<Pick<SampleOptions, "start" | "timesteps" | "skippedSteps" | "sampler">>;

/** Decoder, autoencoder and upsamplers: from what the decoder is conditioned on to pictures. Every way to a picture ends here.
 * @param startOf where the decoder starts; default from noise */
export async function* decodeAndEnlarge(
  workplace: Workplace,
  { condition, negative }: Conditions,
  filled: FilledRequest,
  startOf?: (plan: SamplingPlan) => Start,
): AsyncGenerator<StageStep, Picture[]> {
  const { stages, timeline, random, signal } = workplace;
  const { decoder } = stages;
  const { space } = decoder;
  const { guidanceScale, guidanceInterval, cacheInterval } = filled.decoder;
  const painted = yield* timeline.run({
    name: "decoder",
    steps: filled.decoder.steps,
    work: () =>
      createRun(async function* () {
        await space.prepare?.();
        const plan = planSampling(decoder.scheduler, "decoder", filled.decoder);
        const denoise = decoder.denoiser(condition, { negative, guidanceScale, guidanceInterval, cacheInterval });
        const start = startOf?.(plan) ?? { xT: random.normal(space.shape(rowsOf(condition))) };
        const x0 = yield* sample(denoise, { ...plan, where: "decoder", ...start, random, signal });
        return space.kind === "pixels" ? space.decode(x0) : x0;
      }),
    preview: async (x0) => picturesFromPixels(await space.preview(x0)),
    schedule: decoder.scheduler.schedule,
  });
  const pixels =
    space.kind === "pixels" ? painted : yield* timeline.run({ name: "autoencoder", work: () => space.decode(painted) });
  return yield* enlarge(workplace, pixels, filled.upsamplers);
}

/** The upsamplers, one after another. */
async function* enlarge(
  { stages, timeline, random, signal }: Workplace,
  small: Tensor,
  upsamplers: FilledRequest["upsamplers"],
): AsyncGenerator<StageStep, Picture[]> {
  let pixels = small;
  for (const [index, settings] of upsamplers.entries()) {
    const given = pixels;
    const upsampler = stages.upsamplers[index]!;
    pixels = yield* timeline.run({
      name: `upsampler-${index + 1}`,
      steps: settings.steps,
      work: () => upsampler.upsample(given, { ...settings, random, signal }),
      preview: async (x0) => picturesFromPixels(x0),
      schedule: upsampler.scheduler.schedule,
    });
  }
  return picturesFromPixels(pixels);
}
