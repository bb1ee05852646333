import { planSampling, sample, type SampleOptions, type SamplingPlan } from "@unclip/sampler";
import { createRun, picturesFromPixels, type Picture, type Tensor } from "@unclip/tensor";
import type { Workplace } from "./operation.js";
import type { FilledRequest } from "./request.js";
import type { Conditions } from "./stages.js";
import type { StageStep } from "./timeline.js";

/** Where a sampling starts, and what else differs from the plan. */
export type Start = Pick<SampleOptions, "xT"> &
  Partial<Pick<SampleOptions, "start" | "timesteps" | "skippedSteps" | "sampler">>;

/** Decoder and upsamplers: from what the decoder is conditioned on to pictures. Every way to a picture ends here.
 * @param startOf where the decoder starts; default from noise */
export async function* decodeAndEnlarge(
  workplace: Workplace,
  { condition, negative }: Conditions,
  filled: FilledRequest,
  startOf?: (plan: SamplingPlan) => Start,
): AsyncGenerator<StageStep, Picture[]> {
  const { stages, timeline, random, signal } = workplace;
  const { decoder } = stages;
  const pixels = yield* timeline.run({
    name: "decoder",
    steps: filled.decoder.steps,
    work: () =>
      startOf === undefined
        ? decoder.decode(condition, { ...filled.decoder, negative, random, signal })
        : createRun(async function* () {
            const plan = planSampling(decoder.scheduler, "decoder", filled.decoder);
            const denoise = decoder.denoiser(condition, { negative, guidanceScale: filled.decoder.guidanceScale });
            return decoder.space.decode(yield* sample(denoise, { ...plan, ...startOf(plan), random, signal }));
          }),
    preview: (x0) => picturesFromPixels(decoder.space.preview(x0)),
  });
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
    pixels = yield* timeline.run({
      name: `upsampler-${index + 1}`,
      steps: settings.steps,
      work: () => stages.upsamplers[index]!.upsample(given, { ...settings, random, signal }),
      preview: picturesFromPixels,
    });
  }
  return picturesFromPixels(pixels);
}
