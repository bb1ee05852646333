import { UnclipError } from "@unclip/tensor";
import type { Sampler } from "../sample.js";
import { analyticDpm, analyticDpmOptions, type AnalyticDpmOptions } from "./analytic-dpm.js";
import { ancestralOptions, ddpm, unclip, type AncestralOptions } from "./ancestral.js";
import { ddim, ddimOptions, type DdimOptions } from "./ddim.js";
import { dpmSolver, dpmSolverOptions, type DpmSolverOptions } from "./dpm-solver.js";
import { euler, eulerOptions, type EulerOptions } from "./euler.js";
import { eulerAncestral, type EulerAncestralOptions } from "./euler-ancestral.js";
import { heun, type HeunOptions } from "./heun.js";
import { lms, lmsOptions, type LmsOptions } from "./lms.js";
import { checkOptions, checkRequired, shown, type OptionFields } from "./options.js";
import { pndm, pndmOptions, type PndmOptions } from "./pndm.js";
import { sigmaOptions } from "./sigma-space.js";
import { unipc, unipcOptions, type UnipcOptions } from "./unipc.js";

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

/** A sampler by its name and its options: plain data, for JSON and messages between threads. */
export type SamplerSpec = { readonly [N in SamplerName]: { readonly name: N } & SamplerOptions[N] }[SamplerName];

/** How a sampler is chosen: by name, by name and options, or as one of your own. */
export type SamplerChoice = SamplerName | SamplerSpec | Sampler;

/** The sampler that a choice names.
 * @param choice for example "dpmpp-2m" or { name: "ddim", eta: 0.5 }; {@link SAMPLER_NAMES} lists the names, {@link SAMPLER_OPTIONS}
 * the options. A `Sampler` is given back as it is
 * @throws UnclipError "input" for an unknown name or option, a value that does not fit, or a required option that is missing */
export function createSampler(choice: SamplerChoice): Sampler {
  if (isSampler(choice)) return choice;
  const { name, ...options } = specOf(choice);
  checkOptions(name, SAMPLER_OPTIONS[name], options);
  checkRequired(`sampler ${name}`, SAMPLER_OPTIONS[name], options);
  return ENTRIES[name].create(options);
}

/** Whether a choice is a sampler itself, not the name of one. */
export function isSampler(choice: SamplerChoice): choice is Sampler {
  return typeof choice === "object" && choice !== null && "begin" in choice;
}

/** A choice by name in its long form. Options are left as they are.
 * @throws UnclipError "input" for an unknown name */
export function specOf(choice: SamplerName | SamplerSpec): SamplerSpec {
  const spec = typeof choice === "object" && choice !== null ? choice : { name: choice };
  if (typeof spec.name === "string" && Object.hasOwn(ENTRIES, spec.name)) return spec as SamplerSpec;
  throw new UnclipError("input", `sampler: expected one of ${SAMPLER_NAMES.join(", ")}; got ${shown(spec.name)}`);
}

interface Entry {
  readonly create: (options: object) => Sampler;
  readonly options: OptionFields;
}

const entry = <O extends object>(
  create: (options: O) => Sampler,
  options: Readonly<Record<keyof O, unknown>>,
): Entry => ({
  create: create as (options: object) => Sampler,
  options: options as OptionFields,
});

function dpmPreset(order: 1 | 2 | 3, sde: boolean): Entry {
  const { order: _order, sde: _sde, ...options } = dpmSolverOptions();
  return entry((given: DpmPresetOptions) => dpmSolver({ ...given, order, sde }), options);
}

function createEntries(): Readonly<Record<SamplerName, Entry>> {
  return {
    unclip: entry(unclip, ancestralOptions()),
    ddpm: entry(ddpm, ancestralOptions()),
    ddim: entry(ddim, ddimOptions()),
    "analytic-dpm": entry(analyticDpm, analyticDpmOptions()),
    "dpmpp-1": dpmPreset(1, false),
    "dpmpp-2m": dpmPreset(2, false),
    "dpmpp-3m": dpmPreset(3, false),
    "dpmpp-2m-sde": dpmPreset(2, true),
    "dpmpp-3m-sde": dpmPreset(3, true),
    unipc: entry(unipc, unipcOptions()),
    euler: entry(euler, eulerOptions()),
    "euler-ancestral": entry(eulerAncestral, sigmaOptions()),
    heun: entry(heun, sigmaOptions()),
    lms: entry(lms, lmsOptions()),
    pndm: entry(pndm, pndmOptions()),
  };
}

/* The calls are marked as pure, so that a bundle that uses no name leaves the table out, and with it all samplers but its own. */

const ENTRIES = /* @__PURE__ */ createEntries();

/** The names that {@link createSampler} knows. */
export const SAMPLER_NAMES = /* @__PURE__ */ Object.keys(ENTRIES) as readonly SamplerName[];

/** The options of every sampler, by name: kind, range, default and meaning of each. Checks and help are made from it. */
export const SAMPLER_OPTIONS = /* @__PURE__ */ optionsByName();

function optionsByName(): Readonly<Record<SamplerName, OptionFields>> {
  const entries = Object.entries(ENTRIES).map(([name, { options }]) => [name, options]);
  return Object.fromEntries(entries) as Record<SamplerName, OptionFields>;
}
