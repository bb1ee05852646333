import type { Clipping } from "./prediction.js";
import type { Sampler } from "./sample.js";
import { ddpm, unclip, type VarianceType } from "./samplers/ancestral.js";
import { ddim } from "./samplers/ddim.js";
import { ddimInversion } from "./samplers/ddim-inversion.js";
import { dpmSolver } from "./samplers/dpm-solver.js";
import { euler } from "./samplers/euler.js";
import { eulerAncestral } from "./samplers/euler-ancestral.js";
import { heun } from "./samplers/heun.js";
import { lms } from "./samplers/lms.js";
import { pndm } from "./samplers/pndm.js";
import type { MultistepOptions, SigmaOptions } from "./samplers/sigma-space.js";
import { unipc } from "./samplers/unipc.js";

/** The fields of one scheduler_config.json, with the class's defaults for those that the file lacks. */
export interface SchedulerFields {
  number(key: string): number;
  numbers(key: string): readonly number[];
  flag(key: string): boolean;
  /** A number, or undefined for null. */
  optional(key: string): number | undefined;
  /** A word; one out of `allowed` if any are given. */
  word<T extends string>(key: string, ...allowed: readonly T[]): T;
  /** A number out of `allowed`. */
  oneOf<T extends number>(key: string, ...allowed: readonly T[]): T;
  readonly clipping: Clipping;
  readonly varianceType: VarianceType;
  /** What the reference takes as an argument of each step instead of keeping it in the file. */
  readonly step: StepArguments;
}

/** Settings of DDIM that are not in its file. */
export interface StepArguments {
  /** Share of the ancestral noise that a DDIM step adds; default 0. */
  readonly eta?: number;
  /** Whether DDIM takes ε from the x_0 in range; default false. */
  readonly epsFromClippedX0?: boolean;
}

/** A scheduler class of diffusers. */
export interface SchedulerClass {
  /** The parameters that the class has, with today's defaults; other keys of a file are ignored, as diffusers does. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Parameters of which only some values are supported. */
  readonly only?: Readonly<Record<string, readonly unknown[]>>;
  create(fields: SchedulerFields): Sampler;
}

const BETAS = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: "linear",
  trained_betas: null,
  prediction_type: "epsilon",
};
const CLIP = { clip_sample: true, clip_sample_range: 1 };
const THRESHOLD = { thresholding: false, dynamic_thresholding_ratio: 0.995, sample_max_value: 1 };
const ZERO_SNR = { rescale_betas_zero_snr: false };
const LEADING = { timestep_spacing: "leading", steps_offset: 0 };
const LINSPACE = { timestep_spacing: "linspace", steps_offset: 0 };
const SIGMAS = { use_karras_sigmas: false, use_exponential_sigmas: false, use_beta_sigmas: false };
const FLOW = { use_flow_sigmas: false };
const NO_BETA_SIGMAS = { use_beta_sigmas: [false] };
const NO_BOUNDS = { sigma_min: [], sigma_max: [] };

/** The scheduler classes that {@link readSchedulerConfig} reads, by `_class_name`. A function, so that a bundle that reads no
 * files holds none of their samplers. */
export const schedulerClasses = (): Readonly<Record<string, SchedulerClass>> => ({
  UnCLIPScheduler: {
    defaults: {
      num_train_timesteps: 1000,
      beta_schedule: "squaredcos_cap_v2",
      prediction_type: "epsilon",
      variance_type: "fixed_small_log",
      ...CLIP,
    },
    only: { beta_schedule: ["squaredcos_cap_v2"] },
    create: ({ varianceType, clipping }) => unclip({ varianceType, clipping, spacing: "unclip" }),
  },
  DDPMScheduler: {
    defaults: { ...BETAS, variance_type: "fixed_small", ...CLIP, ...THRESHOLD, ...LEADING, ...ZERO_SNR },
    create: (fields) => ddpm({ varianceType: fields.varianceType, ...spaced(fields) }),
  },
  DDIMScheduler: {
    defaults: { ...BETAS, set_alpha_to_one: true, ...CLIP, ...THRESHOLD, ...LEADING, ...ZERO_SNR },
    create(fields) {
      const { eta, epsFromClippedX0 = false } = fields.step;
      return ddim({ ...strided(fields), eta, epsFromClippedX0 });
    },
  },
  DDIMInverseScheduler: {
    defaults: { ...BETAS, set_alpha_to_one: true, ...CLIP, ...LEADING, ...ZERO_SNR },
    only: { timestep_spacing: ["leading", "trailing"] },
    create: (fields) => ddimInversion(strided(fields)),
  },
  PNDMScheduler: {
    defaults: { ...BETAS, skip_prk_steps: false, set_alpha_to_one: false, ...LEADING },
    only: { skip_prk_steps: [true] },
    create: (fields) => pndm(strided(fields)),
  },
  DPMSolverMultistepScheduler: {
    defaults: {
      ...BETAS,
      ...THRESHOLD,
      ...SIGMAS,
      ...FLOW,
      ...LINSPACE,
      ...ZERO_SNR,
      solver_order: 2,
      algorithm_type: "dpmsolver++",
      solver_type: "midpoint",
      lower_order_final: true,
      euler_at_final: false,
      use_lu_lambdas: false,
      final_sigmas_type: "zero",
      lambda_min_clipped: null,
      variance_type: null,
    },
    only: { ...NO_BETA_SIGMAS, use_flow_sigmas: [false], use_lu_lambdas: [false] },
    create: (fields) => {
      const sde = fields.word("algorithm_type", "dpmsolver++", "sde-dpmsolver++") === "sde-dpmsolver++";
      // The reference's third order for the SDE differs in one sign from k-diffusion's, which is ours.
      const order = fields.oneOf("solver_order", ...(sde ? ([1, 2] as const) : ([1, 2, 3] as const)));
      return dpmSolver({
        ...multistep(fields),
        order,
        sde,
        solverType: fields.word("solver_type", "midpoint", "heun"),
        eulerAtFinal: fields.flag("euler_at_final"),
        lambdaMinClipped: fields.optional("lambda_min_clipped"),
        truncateTimesteps: fields.word("beta_schedule") === "squaredcos_cap_v2",
      });
    },
  },
  UniPCMultistepScheduler: {
    defaults: {
      ...BETAS,
      ...THRESHOLD,
      ...SIGMAS,
      ...FLOW,
      ...LINSPACE,
      ...ZERO_SNR,
      solver_order: 2,
      predict_x0: true,
      solver_type: "bh2",
      lower_order_final: true,
      disable_corrector: [],
      solver_p: null,
      sigma_min: null,
      sigma_max: null,
      final_sigmas_type: "zero",
    },
    only: { ...NO_BETA_SIGMAS, ...NO_BOUNDS, use_flow_sigmas: [false], predict_x0: [true], solver_p: [] },
    create: (fields) =>
      unipc({
        ...multistep(fields),
        order: fields.oneOf("solver_order", 1, 2, 3),
        solverType: fields.word("solver_type", "bh1", "bh2"),
        disableCorrector: fields.numbers("disable_corrector"),
      }),
  },
  EulerDiscreteScheduler: {
    defaults: {
      ...BETAS,
      ...SIGMAS,
      ...LINSPACE,
      ...ZERO_SNR,
      interpolation_type: "linear",
      sigma_min: null,
      sigma_max: null,
      timestep_type: "discrete",
      final_sigmas_type: "zero",
    },
    only: { ...NO_BETA_SIGMAS, ...NO_BOUNDS, interpolation_type: ["linear"], timestep_type: ["discrete"] },
    create: (fields) => euler({ ...sigmaSpaced(fields), ...ended(fields) }),
  },
  EulerAncestralDiscreteScheduler: {
    defaults: { ...BETAS, ...LINSPACE, ...ZERO_SNR },
    create: (fields) => eulerAncestral(spaced(fields)),
  },
  HeunDiscreteScheduler: {
    defaults: { ...BETAS, beta_start: 0.00085, beta_end: 0.012, ...SIGMAS, ...CLIP, clip_sample: false, ...LINSPACE },
    only: NO_BETA_SIGMAS,
    create: (fields) => heun(sigmaSpaced(fields)),
  },
  LMSDiscreteScheduler: {
    defaults: { ...BETAS, ...SIGMAS, ...LINSPACE },
    only: NO_BETA_SIGMAS,
    create: (fields) => lms(sigmaSpaced(fields)),
  },
});

function spaced(fields: SchedulerFields) {
  return {
    clipping: fields.clipping,
    spacing: fields.word("timestep_spacing", "linspace", "leading", "trailing"),
    stepsOffset: fields.number("steps_offset"),
  };
}

function strided(fields: SchedulerFields) {
  return { ...spaced(fields), setAlphaToOne: fields.flag("set_alpha_to_one"), previous: "stride" as const };
}

function sigmaSpaced(fields: SchedulerFields): SigmaOptions {
  const even = fields.flag("use_exponential_sigmas") ? "exponential" : "timesteps";
  return { ...spaced(fields), sigmas: fields.flag("use_karras_sigmas") ? "karras" : even };
}

function ended(fields: SchedulerFields): Pick<SigmaOptions, "finalSigma"> {
  return { finalSigma: fields.word("final_sigmas_type", "zero", "sigma_min") };
}

function multistep(fields: SchedulerFields): MultistepOptions & { lowerOrderFinal: boolean } {
  return { ...sigmaSpaced(fields), ...ended(fields), lowerOrderFinal: fields.flag("lower_order_final") };
}
