import { UnclipError } from "@unclip/tensor";
import type { Defaults } from "./defaults.js";
import type { DecoderSettings } from "./request.js";

/** How much work a picture is given: "exact", the model's own settings, as the reference paints; "balanced", about a third of it, as good on toybox;
 * "fast", about a fifth. docs/choices.md has the measurement. */
export type PresetName = "exact" | "balanced" | "fast";

/** What a preset makes of a model's own settings. */
interface Preset {
  /** Steps of each stage, as a share of the model's own. Fewer of the prior's make pictures less real, and would save next to nothing. */
  readonly shares: { readonly prior: number; readonly decoder: number; readonly upsamplers: number };
  /** Steps of the decoder at most: its sampler needs no more. */
  readonly mostDecoderSteps: number;
  readonly decoder: Pick<DecoderSettings, "sampler" | "guidanceInterval" | "cacheInterval">;
}

const PRESETS: Readonly<Record<Exclude<PresetName, "exact">, Preset>> = {
  balanced: {
    shares: { prior: 0.5, decoder: 0.45, upsamplers: 0.4 },
    mostDecoderSteps: 20,
    decoder: { sampler: "dpmpp-2m", guidanceInterval: [250, 750] },
  },
  fast: {
    shares: { prior: 0.5, decoder: 0.3, upsamplers: 0.25 },
    mostDecoderSteps: 10,
    decoder: { sampler: "dpmpp-2m", guidanceInterval: [250, 750], cacheInterval: 2 },
  },
};

/** The presets, the one that takes longest first. */
export const PRESET_NAMES: readonly PresetName[] = ["exact", "balanced", "fast"];

/** The settings of a model as a preset has them. Guidance scales are the model's own.
 * @param name default "exact"
 * @throws UnclipError "input" if there is no such preset */
export function presetDefaults(own: Defaults, name: unknown = "exact"): Defaults {
  if (name === "exact") return own;
  const { shares, mostDecoderSteps, decoder } = presetOf(name);
  return {
    prior: { ...own.prior, steps: fewer(own.prior.steps, shares.prior) },
    decoder: {
      ...own.decoder,
      ...decoder,
      steps: Math.min(mostDecoderSteps, fewer(own.decoder.steps, shares.decoder)),
    },
    upsamplers: own.upsamplers.map(({ steps }) => ({ steps: fewer(steps, shares.upsamplers) })),
  };
}

function presetOf(name: unknown): Preset {
  if (typeof name === "string" && Object.hasOwn(PRESETS, name)) return PRESETS[name as keyof typeof PRESETS];
  throw new UnclipError("input", `preset: expected ${PRESET_NAMES.join(", ")}, got ${JSON.stringify(name)}`);
}

/** A share of some steps, rounded up: two at least, where there are as many. */
function fewer(steps: number, share: number): number {
  return Math.max(Math.min(steps, 2), Math.ceil(steps * share));
}
