import { checkAborted, repeatRows, UnclipError, type Picture } from "@unclip/tensor";
import { paint, recipeOf, type LoadedModel } from "./paint.js";
import { completeSettings } from "./settings.js";
import { createStageRunner, once } from "./stage-runner.js";
import type { Generation, StageStep, VaryOptions } from "./types.js";

/** Variations of pictures: the decoder paints what CLIP's image encoder saw in them, without a caption and from new noise. Random numbers
 * are drawn in the order of diffusers' UnCLIPImageVariationPipeline.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.1, here with a random x_T instead of the inverted one */
export async function* vary(
  loaded: LoadedModel,
  picture: Picture | readonly Picture[],
  options: VaryOptions = {},
): AsyncGenerator<StageStep, Generation> {
  const { stages } = loaded;
  const { imageEncoder, textEncoder } = stages;
  const pictures = "data" in picture ? [picture] : picture;
  if (pictures.length === 0) throw new UnclipError("input", "picture: expected one or more, got none");
  if (imageEncoder === undefined) {
    throw new UnclipError(
      "input",
      `${loaded.model}: has no image_encoder, which variations need; take a model for image variation`,
    );
  }
  const settings = completeSettings(options, stages, loaded.defaults);
  checkAborted(settings.signal, "vary");

  const runner = createStageRunner();
  const embed = once(async () => ({
    image: await imageEncoder.embed(pictures),
    unconditional: await textEncoder.embed([""]),
  }));
  const { image, unconditional } = yield* runner.run("clip", 1, embed);
  const imageEmbedding = repeatRows(image, settings.n);
  const images = yield* paint(stages, { imageEmbedding }, unconditional, settings, runner);
  const origin = { captions: [], prior: "picture", priorSteps: 0, priorGuidance: 1 };
  return { images, imageEmbedding, recipe: recipeOf(loaded, settings, origin), stages: runner.timings, warnings: [] };
}
