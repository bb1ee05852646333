export {
  addNoise,
  epsFromV,
  epsFromX0,
  posterior,
  stepRates,
  x0FromEps,
  x0FromV,
  type Posterior,
  type StepRates,
} from "./diffusion.js";
export { checkGuidanceInterval, guide, guidedWithin, withGuidance, type GuidanceInterval } from "./guidance.js";
export {
  clipX0,
  predictedEps,
  predictedX0,
  type Clipping,
  type Denoiser,
  type Prediction,
  type PredictionType,
} from "./prediction.js";
export {
  analyticDpm,
  estimateAnalyticTable,
  type AnalyticBatch,
  type AnalyticDpmOptions,
  type AnalyticTable,
  type AnalyticTableOptions,
  type AnalyticTableStep,
} from "./samplers/analytic-dpm.js";
export { ddpm, unclip, type AncestralOptions, type VarianceType } from "./samplers/ancestral.js";
export {
  createSampler,
  isSampler,
  SAMPLER_NAMES,
  SAMPLER_OPTIONS,
  type SamplerChoice,
  type SamplerName,
  type SamplerOptions,
  type SamplerSpec,
} from "./samplers/create-sampler.js";
export { ddim, type DdimOptions, type DdimStepOptions } from "./samplers/ddim.js";
export { ddimInversion, type DdimInversionOptions } from "./samplers/ddim-inversion.js";
export { dpmSolver, type DpmSolverOptions } from "./samplers/dpm-solver.js";
export { euler, type Churn, type EulerOptions } from "./samplers/euler.js";
export { eulerAncestral, type EulerAncestralOptions } from "./samplers/euler-ancestral.js";
export { heun, type HeunOptions } from "./samplers/heun.js";
export { lms, type LmsOptions } from "./samplers/lms.js";
export {
  describeOption,
  type ChoiceOption,
  type FlagOption,
  type IntegerOption,
  type NumberOption,
  type NumbersOption,
  type ObjectOption,
  type OptionFields,
  type SamplerOption,
  type UnionOption,
} from "./samplers/options.js";
export { pndm, type PndmOptions } from "./samplers/pndm.js";
export { repaint, type RepaintOptions } from "./samplers/repaint.js";
export { formatSampler, parseSampler } from "./samplers/sampler-text.js";
export type { MultistepOptions, SigmaOptions, SigmaSpacing } from "./samplers/sigma-space.js";
export { unipc, type UnipcOptions } from "./samplers/unipc.js";
export {
  alphasAlong,
  sample,
  type Advance,
  type Evaluation,
  type Path,
  type Process,
  type SampleOptions,
  type SampleStep,
  type Sampler,
  type Step,
} from "./sample.js";
export {
  alphaBar,
  createSchedule,
  rescaleZeroTerminalSnr,
  scheduleFromBetas,
  type BetaSchedule,
  type NoiseSchedule,
  type ScheduleOptions,
} from "./schedule.js";
export type { StepArguments } from "./scheduler-classes.js";
export {
  readScheduler,
  readSchedulerConfig,
  withSampler,
  type ReadSchedulerOptions,
  type SchedulerConfig,
} from "./scheduler-config.js";
export { respaceTimesteps, spaceTimesteps, type TimestepOptions, type TimestepSpacing } from "./timesteps.js";
export {
  planSampling,
  startAt,
  type PlanSamplingOptions,
  type SamplingPlan,
  type StartedPlan,
} from "./plan-sampling.js";
export { createRandom, isUnclipError, tensor, type Random, type Run, type Tensor } from "@unclip/tensor"; // what samplers take and give
