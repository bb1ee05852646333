import { UnclipError } from "@unclip/tensor";
import type { Sampler } from "../sample.js";
import { analyticDpm, type AnalyticDpmOptions } from "./analytic-dpm.js";
import { ddpm, unclip, type AncestralOptions } from "./ancestral.js";
import { ddim, type DdimOptions } from "./ddim.js";
import { dpmSolver, type DpmSolverOptions } from "./dpm-solver.js";
import { euler, type EulerOptions } from "./euler.js";
import { eulerAncestral, type EulerAncestralOptions } from "./euler-ancestral.js";
import { heun, type HeunOptions } from "./heun.js";
import { lms, type LmsOptions } from "./lms.js";
import { pndm, type PndmOptions } from "./pndm.js";
import { unipc, type UnipcOptions } from "./unipc.js";

type DpmPresetOptions = Omit<DpmSolverOptions, "order" | "sde">;

/** The samplers by name, each with the options that it takes. */
export interface SamplerOptions {
  readonly unclip: AncestralOptions;
  readonly ddpm: AncestralOptions;
  readonly ddim: DdimOptions;
  readonly "analytic-dpm": AnalyticDpmOptions;
  readonly "dpmpp-1": DpmPresetOptions;
  readonly "dpmpp-2m": DpmPresetOptions;
  readonly "dpmpp-3m": DpmPresetOptions;
  readonly "dpmpp-2m-sde": DpmPresetOptions;
  readonly "dpmpp-3m-sde": DpmPresetOptions;
  readonly unipc: UnipcOptions;
  readonly euler: EulerOptions;
  readonly "euler-ancestral": EulerAncestralOptions;
  readonly heun: HeunOptions;
  readonly lms: LmsOptions;
  readonly pndm: PndmOptions;
}

/** A name that {@link createSampler} knows. */
export type SamplerName = keyof SamplerOptions;

/** A sampler by its name.
 * @param name for example "ddim" or "dpmpp-2m"; {@link SAMPLER_NAMES} lists them
 * @param options of the sampler; a name that it does not take is refused
 * @throws UnclipError "input" for an unknown name or option, or if "analytic-dpm" has no table */
export function createSampler<N extends SamplerName>(name: N, options?: SamplerOptions[N]): Sampler;
export function createSampler(name: string, options?: Readonly<Record<string, unknown>>): Sampler;
export function createSampler(name: string, options: object = {}): Sampler {
  const { create, takes } = entryOf(name);
  const unknown = Object.keys(options).find((key) => !takes.includes(key));
  if (unknown !== undefined) {
    throw new UnclipError("input", `sampler ${name}: no option ${unknown}; it takes ${takes.join(", ")}`);
  }
  if (name === "analytic-dpm" && !("table" in options)) {
    throw new UnclipError(
      "input",
      "sampler: analytic-dpm needs a table; `unclip analytic` estimates a prior's, estimateAnalyticTable any",
    );
  }
  return create(options);
}

/** The options that the sampler of this name takes.
 * @throws UnclipError "input" for an unknown name */
export function samplerTakes(name: string): readonly string[] {
  return entryOf(name).takes;
}

interface Entry {
  readonly create: (options: object) => Sampler;
  readonly takes: readonly string[];
}

function entryOf(name: string): Entry {
  const entry = Object.hasOwn(ENTRIES, name) ? ENTRIES[name as SamplerName] : undefined;
  if (entry !== undefined) return entry;
  throw new UnclipError("input", `sampler: expected one of ${SAMPLER_NAMES.join(", ")}; got "${name}"`);
}

/** Every option of O, so that none can be forgotten. */
type Takes<O> = Readonly<Record<keyof O, true>>;

function entry<O extends object>(create: (options: O) => Sampler, takes: Takes<O>): Entry {
  return { create: create as (options: object) => Sampler, takes: Object.keys(takes) };
}

const SPACED = { spacing: true, stepsOffset: true, clipping: true } as const;
const ANCESTRAL: Takes<AncestralOptions> = { varianceType: true, ...SPACED };
const SIGMA = { ...SPACED, sigmas: true, finalSigma: true } as const;
const MULTISTEP = {
  ...SIGMA,
  lambdaMinClipped: true,
  truncateTimesteps: true,
  lowerOrderFinal: true,
  solverType: true,
} as const;
const DPM: Takes<DpmPresetOptions> = { ...MULTISTEP, eulerAtFinal: true };

const dpm = (order: 1 | 2 | 3, sde: boolean) =>
  entry((options: DpmPresetOptions) => dpmSolver({ ...options, order, sde }), DPM);

const ENTRIES: Readonly<Record<SamplerName, Entry>> = {
  unclip: entry(unclip, ANCESTRAL),
  ddpm: entry(ddpm, ANCESTRAL),
  ddim: entry(ddim, { ...SPACED, eta: true, epsFromClippedX0: true, setAlphaToOne: true, previous: true }),
  "analytic-dpm": entry(analyticDpm, {
    ...SPACED,
    table: true,
    eta: true,
    range: true,
    clippedSteps: true,
    clipPixels: true,
  }),
  "dpmpp-1": dpm(1, false),
  "dpmpp-2m": dpm(2, false),
  "dpmpp-3m": dpm(3, false),
  "dpmpp-2m-sde": dpm(2, true),
  "dpmpp-3m-sde": dpm(3, true),
  unipc: entry(unipc, { ...MULTISTEP, order: true, disableCorrector: true }),
  euler: entry(euler, { ...SIGMA, churn: true }),
  "euler-ancestral": entry(eulerAncestral, SIGMA),
  heun: entry(heun, SIGMA),
  lms: entry(lms, { ...SIGMA, order: true }),
  pndm: entry(pndm, { ...SPACED, setAlphaToOne: true, previous: true }),
};

/** The names that {@link createSampler} knows. */
export const SAMPLER_NAMES = Object.keys(ENTRIES) as readonly SamplerName[];
