import type { EncodedText } from "@unclip/clip";
import { checkAborted, repeatText, sliceText, UnclipError } from "@unclip/tensor";
import { paint, recipeOf, type LoadedModel } from "./paint.js";
import { choosePrior, completeSettings, priorSamplerOf } from "./settings.js";
import { createStageRunner, once } from "./stage-runner.js";
import type { GenerateOptions, Generation, StageStep } from "./types.js";

/** Captions to pictures: text encoder, prior, decoder, upsamplers. Random numbers are drawn in the order of diffusers' UnCLIPPipeline.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2 */
export async function* generate(
  loaded: LoadedModel,
  caption: string | readonly string[],
  options: GenerateOptions = {},
): AsyncGenerator<StageStep, Generation> {
  const { stages } = loaded;
  const captions = typeof caption === "string" ? [caption] : caption;
  if (captions.length === 0) throw new UnclipError("input", "caption: expected one or more, got none");
  const settings = completeSettings(options, stages, loaded.defaults);
  const prior = choosePrior(options.prior ?? "diffusion", stages);
  const { n, random, signal, priorSteps, priorGuidance, samplers } = settings;
  checkAborted(signal, "generate");

  const runner = createStageRunner();
  const embedText = once(() => stages.textEncoder.embed([...captions, ""]));
  const encoded = yield* runner.run("clip", 1, embedText);
  const text = repeatText(sliceText(encoded, 0, captions.length), n);
  const unconditional = sliceText(encoded, captions.length, captions.length + 1);

  const embed = prior.embed(text, {
    random,
    signal,
    unconditional,
    steps: priorSteps,
    sampler: priorSamplerOf(samplers),
    guidanceScale: priorGuidance,
  });
  const imageEmbedding = yield* runner.run("prior", prior === stages.prior ? priorSteps : 0, embed);
  const images = yield* paint(stages, { imageEmbedding, text }, unconditional, settings, runner);
  return {
    images,
    imageEmbedding,
    recipe: recipeOf(loaded, settings, { captions, prior: prior.name }),
    stages: runner.timings,
    warnings: cutWarnings(encoded, captions, stages.textEncoder.config.textLength),
  };
}

function cutWarnings({ cut }: EncodedText, captions: readonly string[], textLength: number): string[] {
  return captions.flatMap((_, row) =>
    cut[row] === undefined ? [] : [`caption: only ${textLength - 2} tokens fit, so this was cut off: "${cut[row]}"`],
  );
}
