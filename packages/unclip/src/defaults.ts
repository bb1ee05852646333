import { type ModelFolder } from "@unclip/runtime";
import { readJson, createConfigReader } from "@unclip/tensor";

/** Settings that `generate` uses where the caller gives none. */
export interface Defaults {
  readonly priorSteps: number;
  readonly priorGuidance: number;
  readonly decoderSteps: number;
  readonly decoderGuidance: number;
  /** One entry for each upsampler. */
  readonly upsamplerSteps: readonly number[];
}

/** The settings of a model: its own, from the "defaults" of an unclip.json beside model_index.json,
 * or else those of diffusers' UnCLIPPipeline.
 * @throws UnclipError "config" if unclip.json holds something else */
export async function readDefaults(folder: ModelFolder, upsamplers: number): Promise<Defaults> {
  const json = (await folder.has("unclip.json")) ? (await readJson(folder, "unclip.json"))["defaults"] : {};
  const read = createConfigReader((json ?? {}) as Record<string, unknown>, `${folder.name}/unclip.json`);
  return {
    priorSteps: read.number("priorSteps", 25),
    priorGuidance: read.number("priorGuidance", 4),
    decoderSteps: read.number("decoderSteps", 25),
    decoderGuidance: read.number("decoderGuidance", 8),
    upsamplerSteps: read.numbers("upsamplerSteps", Array<number>(upsamplers).fill(7)),
  };
}
