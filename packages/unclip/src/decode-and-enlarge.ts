import { picturesFromPixels, type Picture, type Tensor } from "@unclip/tensor";
import type { Workplace } from "./operation.js";
import type { FilledRequest } from "./request.js";
import type { Conditions } from "./stages.js";
import type { StageStep } from "./timeline.js";

/** Decoder and upsamplers: from what the decoder is conditioned on to pictures. Every way to a picture ends here. */
export async function* decodeAndEnlarge(
  workplace: Workplace,
  { condition, negative }: Conditions,
  filled: FilledRequest,
): AsyncGenerator<StageStep, Picture[]> {
  const { stages, timeline, random, signal } = workplace;
  const { decoder } = stages;
  const pixels = yield* timeline.run({
    name: "decoder",
    steps: filled.decoder.steps,
    work: () => decoder.decode(condition, { ...filled.decoder, negative, random, signal }),
    preview: (x0) => picturesFromPixels(decoder.space.preview(x0)),
  });
  return yield* enlarge(workplace, pixels, filled.upsamplers);
}

/** The upsamplers, one after another. */
export async function* enlarge(
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
