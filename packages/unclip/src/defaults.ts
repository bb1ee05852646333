import { createConfigReader, readJson, UnclipError, type TextFolder } from "@unclip/tensor";
import type { FilledDecoder, FilledStage, FilledUpsampler } from "./request.js";
import type { Stages } from "./stages.js";

/** Settings where the caller gives none. */
export interface Defaults {
  readonly prior: FilledStage;
  readonly decoder: FilledDecoder;
  /** One for each upsampler. */
  readonly upsamplers: readonly FilledUpsampler[];
}

/** The settings of a model: its own, from the "defaults" of an unclip.json beside model_index.json, or else those of its pipeline in
 * diffusers.
 * @throws UnclipError "config" if unclip.json holds something else */
export async function readDefaults(folder: TextFolder, { decoder, upsamplers }: Stages): Promise<Defaults> {
  const where = `${folder.name}/unclip.json`;
  const file = (await folder.has("unclip.json")) ? await readJson(folder, "unclip.json") : {};
  const defaults = recordIn(file, "defaults", where);
  const guided = (stage: "prior" | "decoder", own: Defaults["decoder"]) => {
    const read = createConfigReader(recordIn(defaults, stage, `${where}: defaults`), `${where}: defaults.${stage}`);
    return { steps: read.number("steps", own.steps), guidanceScale: read.number("guidanceScale", own.guidanceScale) };
  };
  const listed = listIn(defaults, "upsamplers", `${where}: defaults`);
  return {
    prior: guided("prior", { steps: 25, guidanceScale: 4 }),
    decoder: guided("decoder", decoder.defaults),
    upsamplers: upsamplers.map((_, i) => {
      const at = `${where}: defaults.upsamplers[${i}]`;
      return { steps: createConfigReader(recordOf(listed[i] ?? {}, at), at).number("steps", 7) };
    }),
  };
}

function recordIn(json: Readonly<Record<string, unknown>>, key: string, where: string): Record<string, unknown> {
  return recordOf(json[key] ?? {}, `${where}: ${key}`);
}

function listIn(json: Readonly<Record<string, unknown>>, key: string, where: string): readonly unknown[] {
  const value = json[key] ?? [];
  if (Array.isArray(value)) return value;
  throw new UnclipError("config", `${where}.${key}: expected a list of settings, got ${JSON.stringify(value)}`);
}

function recordOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UnclipError("config", `${where}: expected an object with settings, got ${JSON.stringify(value)}`);
}
