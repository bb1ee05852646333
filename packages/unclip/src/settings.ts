import { textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { planSampling, type SamplerChoice } from "@unclip/sampler";
import { createRandom, UnclipError, type Random } from "@unclip/tensor";
import type { Defaults } from "./defaults.js";
import type { Stages } from "./stages.js";
import type { GenerateOptions, PriorChoice } from "./types.js";

/** A request with every gap filled and every value checked. */
export interface Settings extends Defaults {
  readonly n: number;
  /** Undefined where the caller brings a random stream. */
  readonly seed: string | undefined;
  readonly random: Random;
  /** Samplers chosen instead of the model's own. */
  readonly samplers: Readonly<
    Pick<GenerateOptions, "priorSampler" | "priorTable" | "decoderSampler" | "upsamplerSampler">
  >;
  readonly signal: AbortSignal | undefined;
}

/** Fills the gaps of a request from the model's defaults.
 * @throws UnclipError "input" for a value out of range */
export function completeSettings(options: GenerateOptions, stages: Stages, defaults: Defaults): Settings {
  const { n = 1, seed = 0, random = createRandom(seed), signal, abortSignal = signal } = options;
  const { priorGuidance, decoderSteps, decoderGuidance } = { ...defaults, ...defined(options) };
  const { priorSteps = options.priorTable?.timesteps.length ?? defaults.priorSteps } = options;
  checkWhole("n", n);
  checkGuidance("priorGuidance", priorGuidance);
  checkGuidance("decoderGuidance", decoderGuidance);
  const settings: Settings = {
    n,
    seed: options.random === undefined ? String(seed) : undefined,
    random,
    samplers: samplersOf(options),
    priorSteps,
    priorGuidance,
    decoderSteps,
    decoderGuidance,
    upsamplerSteps: upsamplerSteps(options, stages, defaults),
    signal: abortSignal,
  };
  checkPlans(settings, stages);
  return settings;
}

/** Plans every stage once, so that a number of steps or a sampler that cannot be is refused before work begins. */
function checkPlans({ priorSteps, decoderSteps, upsamplerSteps, samplers }: Settings, stages: Stages): void {
  const { prior, decoder, upsamplers } = stages;
  if (prior) {
    planSampling(prior.scheduler, "prior", { steps: priorSteps, sampler: priorSamplerOf(samplers) });
  }
  planSampling(decoder.scheduler, "decoder", { steps: decoderSteps, sampler: samplers.decoderSampler });
  for (const [index, steps] of upsamplerSteps.entries()) {
    planSampling(upsamplers[index]!.scheduler, "upsampler", { steps, sampler: samplers.upsamplerSampler });
  }
}

/** The prior's sampler with its table.
 * @throws UnclipError "input" if there is a table for another sampler */
export function priorSamplerOf({ priorSampler, priorTable: table }: Settings["samplers"]): SamplerChoice | undefined {
  if (table === undefined) return priorSampler;
  if (priorSampler === "analytic-dpm") return { name: "analytic-dpm", table };
  throw new UnclipError("input", "prior.table: only the sampler analytic-dpm takes one; choose it too");
}

function samplersOf({
  priorSampler,
  priorTable,
  decoderSampler,
  upsamplerSampler,
}: GenerateOptions): Settings["samplers"] {
  return {
    ...(priorSampler !== undefined && { priorSampler }),
    ...(priorTable !== undefined && { priorTable }),
    ...(decoderSampler !== undefined && { decoderSampler }),
    ...(upsamplerSampler !== undefined && { upsamplerSampler }),
  };
}

/** Steps of each upsampler that runs: one number given for several serves all of them. */
function upsamplerSteps(options: GenerateOptions, stages: Stages, defaults: Defaults): readonly number[] {
  const available = stages.upsamplers.length;
  const { upsamplers = available, upsamplerSteps: given = defaults.upsamplerSteps } = options;
  if (!Number.isInteger(upsamplers) || upsamplers < 0 || upsamplers > available) {
    throw new UnclipError(
      "input",
      `upsamplers: expected 0 to ${available}, as many as the model has, got ${upsamplers}`,
    );
  }
  const steps = given.length === 1 ? Array<number>(upsamplers).fill(given[0]!) : given.slice(0, upsamplers);
  if (given.length > available || steps.length < upsamplers) {
    throw new UnclipError(
      "input",
      `upsamplerSteps: expected one number, or one for each of ${available} upsamplers, got ${given.length}`,
    );
  }
  return steps;
}

/** The prior that a request names.
 * @throws UnclipError "input" if the model does not have it */
export function choosePrior(prior: PriorChoice, stages: Stages): Prior {
  if (typeof prior === "object") return prior;
  switch (prior) {
    case "diffusion":
      if (stages.prior) return stages.prior;
      throw new UnclipError("input", `prior: this model has no diffusion prior; choose "text-embedding" or "none"`);
    case "text-embedding":
      return textEmbeddingAsPrior;
    case "none":
      return withoutPrior;
    default:
      throw new UnclipError("input", `prior: expected diffusion, text-embedding or none, got ${String(prior)}`);
  }
}

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new UnclipError("input", `${name}: expected a whole number from 1, got ${value}`);
}

function checkGuidance(name: string, value: number): void {
  if (!Number.isFinite(value) || value < 0)
    throw new UnclipError("input", `${name}: expected a number from 0 (1 is off), got ${value}`);
}

/** The entries of a record that are not undefined. */
function defined(options: GenerateOptions): Partial<Defaults> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
