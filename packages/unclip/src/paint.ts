import type { DecoderCondition } from "@unclip/decoder";
import type { Runtime } from "@unclip/runtime";
import { picturesFromPixels, type Picture, type TextFeatures } from "@unclip/tensor";
import packageJson from "../package.json" with { type: "json" };
import type { Defaults } from "./defaults.js";
import type { Settings } from "./settings.js";
import type { StageRunner } from "./stage-runner.js";
import type { Stages } from "./stages.js";
import type { Recipe, StageStep } from "./types.js";

/** What painting needs of a loaded model. */
export interface LoadedModel {
  readonly model: string;
  readonly stages: Stages;
  readonly defaults: Defaults;
  readonly runtime: Runtime;
}

/** The second half of every pipeline: decoder and upsamplers, from what the decoder is conditioned on to pictures.
 * @param unconditional features of the empty caption */
export async function* paint(
  { decoder, upsamplers }: Stages,
  condition: DecoderCondition,
  unconditional: TextFeatures,
  { random, signal, samplers, decoderSteps, decoderGuidance, upsamplerSteps }: Settings,
  runner: StageRunner,
): AsyncGenerator<StageStep, Picture[]> {
  const shared = { random, signal };
  const options = {
    ...shared,
    unconditional,
    steps: decoderSteps,
    sampler: samplers.decoderSampler,
    guidanceScale: decoderGuidance,
  };
  let pixels = yield* runner.run("decoder", decoderSteps, decoder.decode(condition, options), picturesFromPixels);
  for (const [index, steps] of upsamplerSteps.entries()) {
    const enlarge = upsamplers[index]!.upsample(pixels, { ...shared, steps, sampler: samplers.upsamplerSampler });
    pixels = yield* runner.run(`upsampler-${index + 1}`, steps, enlarge, picturesFromPixels);
  }
  return picturesFromPixels(pixels);
}

/** The record of how pictures were made. */
export function recipeOf(
  { model, runtime }: LoadedModel,
  settings: Settings,
  origin: Pick<Recipe, "captions" | "prior"> & Partial<Pick<Recipe, "priorSteps" | "priorGuidance">>,
): Recipe {
  const { seed, n, priorSteps, priorGuidance, decoderSteps, decoderGuidance, upsamplerSteps } = settings;
  return {
    model,
    n,
    ...(seed !== undefined && { seed }),
    priorSteps,
    priorGuidance,
    ...origin,
    decoderSteps,
    decoderGuidance,
    upsamplerSteps,
    ...settings.samplers,
    versions: { unclip: packageJson.version, onnxruntime: runtime.version },
  };
}
