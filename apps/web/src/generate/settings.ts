import { PRESET_NAMES, type PresetName, type Recipe } from "unclip/worker";

/** The ways in which a caption becomes an image embedding, as requests name them. */
export const PRIORS = ["diffusion", "autoregressive", "text-embedding", "none"] as const;
export type PriorKind = (typeof PRIORS)[number];

/** What the form holds. An empty number is the preset's, or the model's own. */
export interface Settings {
  readonly caption: string;
  readonly seed: number;
  readonly n: number;
  /** How many upsamplers run. */
  readonly upsamplers: number;
  readonly preset: PresetName;
  readonly prior: PriorKind;
  readonly priorSteps?: number;
  readonly priorGuidance?: number;
  readonly decoderSteps?: number;
  readonly decoderGuidance?: number;
  /** Of each upsampler. */
  readonly upsamplerSteps: readonly (number | undefined)[];
}

export const FIRST_SETTINGS: Settings = {
  caption: "a red cube on top of a blue sphere",
  seed: 7,
  n: 1,
  upsamplers: 2,
  preset: "exact",
  prior: "diffusion",
  upsamplerSteps: [],
};

/** Captions of the world that toybox knows. */
export const EXAMPLES = [
  "a red cube on top of a blue sphere",
  "a small green cone in front of a large purple ring",
  "a yellow cylinder, as a line drawing",
  "an orange sphere to the left of a white cube, as pixel art",
];

/** The request that settings make. Only a diffusion prior has steps and guidance of its own to be set. */
export function requestOf({ seed, n, upsamplers, preset, prior, ...given }: Settings) {
  const stage = (steps?: number, guidanceScale?: number) => ({
    ...(steps !== undefined && { steps }),
    ...(guidanceScale !== undefined && { guidanceScale }),
  });
  return {
    seed,
    n,
    ...(preset !== "exact" && { preset }),
    upsamplers: Array.from({ length: upsamplers }, (_, i) => stage(given.upsamplerSteps[i])),
    prior: { kind: prior, ...(prior === "diffusion" && stage(given.priorSteps, given.priorGuidance)) },
    decoder: stage(given.decoderSteps, given.decoderGuidance),
  };
}

/** The settings with another preset, which takes the place of all steps that were set before. */
export function withPreset(settings: Settings, preset: PresetName): Settings {
  const { priorSteps: _prior, decoderSteps: _decoder, ...rest } = settings;
  return { ...rest, preset, upsamplerSteps: [] };
}

/** The settings that a recipe of `generate` was made with; undefined for another operation, or a recipe of several captions. */
export function settingsOf(recipe: Recipe): Settings | undefined {
  const {
    operation,
    seed,
    n,
    preset = "exact",
    decoder,
    upsamplers,
    captions,
    prior,
  } = recipe as Recipe & {
    readonly captions?: readonly string[];
    readonly prior?: { readonly kind: string; readonly steps: number; readonly guidanceScale: number };
  };
  const kind = PRIORS.find((known) => known === prior?.kind);
  const isKnown = kind !== undefined && PRESET_NAMES.includes(preset);
  if (operation !== "generate" || captions?.length !== 1 || !isKnown || typeof seed !== "number") return undefined;
  return {
    caption: captions[0]!,
    seed,
    n,
    upsamplers: upsamplers.length,
    preset,
    prior: kind,
    ...(kind === "diffusion" && { priorSteps: prior!.steps, priorGuidance: prior!.guidanceScale }),
    decoderSteps: decoder.steps,
    decoderGuidance: decoder.guidanceScale,
    upsamplerSteps: upsamplers.map(({ steps }) => steps),
  };
}
