import {
  createConfigReader,
  isUnclipError,
  parseRecord,
  quote,
  readText,
  UnclipError,
  type ConfigReader,
  type TextFolder,
  type UnclipErrorCode,
} from "@unclip/tensor";
import type { Clipping, PredictionType } from "./prediction.js";
import type { Sampler } from "./sample.js";
import { VARIANCE_TYPES, type VarianceType } from "./samplers/ancestral.js";
import {
  createSampler,
  isSampler,
  SAMPLER_OPTIONS,
  specOf,
  type SamplerChoice,
  type SamplerSpec,
} from "./samplers/create-sampler.js";
import {
  createSchedule,
  rescaleZeroTerminalSnr,
  scheduleFromBetas,
  type BetaSchedule,
  type NoiseSchedule,
} from "./schedule.js";
import {
  schedulerClasses,
  type SchedulerClass,
  type SchedulerFields,
  type StepArguments,
} from "./scheduler-classes.js";

/** What a published scheduler_config.json says, ready to run. */
export interface SchedulerConfig {
  readonly schedule: NoiseSchedule;
  readonly predictionType: PredictionType;
  readonly varianceType: VarianceType;
  /** The range in which the predicted x_0 is kept. */
  readonly clipping: Clipping;
  readonly sampler: Sampler;
  /** The file's own timesteps for N steps, in the order of the run. */
  timesteps(steps: number): number[];
}

/** How the reference runs a file otherwise than it says. */
export interface ReadSchedulerOptions extends StepArguments {
  /** The class that takes the settings of the file's own class, as diffusers' `from_config` does; for example "DDPMScheduler". */
  readonly as?: string;
}

/** The scheduler in a component's scheduler_config.json.
 * @param component sub-folder, for example "decoder_scheduler"
 * @throws UnclipError "config" if the file is missing or not supported */
export async function readScheduler(
  folder: TextFolder,
  component: string,
  options: ReadSchedulerOptions = {},
): Promise<SchedulerConfig> {
  const path = `${component}/scheduler_config.json`;
  return readSchedulerConfig(await readText(folder, path), `${folder.name}/${path}`, options);
}

/** Reads the text of a scheduler_config.json of one of the classes in {@link schedulerClasses}.
 * A key that an older file lacks takes the class's default of today; UnCLIPScheduler means squared-cosine betas.
 * @param where the file's name, for messages
 * @throws UnclipError "config" for another class or a value that is not supported */
export function readSchedulerConfig(text: string, where: string, options: ReadSchedulerOptions = {}): SchedulerConfig {
  const json = parseRecord(text, where);
  const named = classOf(quote(json["_class_name"]), where);
  const { as, ...step } = options;
  const known = as === undefined ? named : classOf(as, where);
  const values = settingsOf(known, known === named ? json : settingsOf(named, json));
  const reader = createConfigReader(values, where);
  for (const [key, supported] of Object.entries(known.only ?? {})) reader.only(key, ...supported);
  const fields = fieldsOf(reader, values, step);
  const schedule = readSchedule(fields, values, where);
  const sampler = inFile(where, "input", () => known.create(fields));
  return {
    schedule,
    predictionType: fields.word<PredictionType>("prediction_type", "epsilon", "sample", "v_prediction"),
    varianceType: fields.varianceType,
    clipping: fields.clipping,
    sampler,
    timesteps: (steps) => sampler.timesteps(schedule, steps),
  };
}

/** The same model with another sampler, on that sampler's own timesteps. The range of x_0 and the kind of variance stay the
 * model's unless the choice says otherwise; a `Sampler` is taken as it is.
 * @throws UnclipError "input" for an unknown name or option, or a value that does not fit */
export function withSampler(config: SchedulerConfig, choice: SamplerChoice): SchedulerConfig {
  const { schedule } = config;
  const sampler = createSampler(isSampler(choice) ? choice : withModelOptions(config, specOf(choice)));
  return { ...config, sampler, timesteps: (steps) => sampler.timesteps(schedule, steps) };
}

/** A choice with the model's own values for what it leaves open. */
function withModelOptions({ clipping, varianceType }: SchedulerConfig, spec: SamplerSpec): SamplerSpec {
  const own = Object.entries({ clipping, varianceType }).filter(([key]) =>
    Object.hasOwn(SAMPLER_OPTIONS[spec.name], key),
  );
  const given = Object.entries(spec).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...own, ...given]) as unknown as SamplerSpec;
}

type Values = Readonly<Record<string, unknown>>;

function classOf(name: string, where: string): SchedulerClass {
  const classes = schedulerClasses();
  if (Object.hasOwn(classes, name)) return classes[name]!;
  throw new UnclipError(
    "config",
    `${where}: _class_name ${name} is not supported; expected one of ${Object.keys(classes).join(", ")}`,
  );
}

/** The settings of a class: the file's, or else the class's default. */
function settingsOf({ defaults }: SchedulerClass, json: Values): Values {
  return Object.fromEntries(Object.entries(defaults).map(([key, fallback]) => [key, valueOf(json[key], fallback)]));
}

/** A value of the file, or the default where it has none. null switches a flag to its default, and -Infinity, which Python
 * writes for "no bound", is no value. */
function valueOf(found: unknown, fallback: unknown): unknown {
  if (found === undefined || (found === null && typeof fallback === "boolean")) return fallback;
  return found === -Infinity ? null : found;
}

function fieldsOf(reader: ConfigReader, values: Values, step: StepArguments): SchedulerFields {
  const word = <T extends string>(key: string, ...allowed: readonly T[]): T => {
    if (allowed.length > 0) reader.only(key, ...allowed);
    return reader.string(key) as T;
  };
  return {
    number: (key) => reader.number(key),
    numbers: (key) => reader.numbers(key),
    flag: (key) => reader.flag(key),
    optional: (key) => reader.optional(key),
    word,
    oneOf: <T extends number>(key: string, ...allowed: readonly T[]) => {
      reader.only(key, ...allowed);
      return reader.number(key) as T;
    },
    clipping: readClipping(reader, values),
    varianceType: (values["variance_type"] ?? null) === null ? "fixed_small" : word("variance_type", ...VARIANCE_TYPES),
    step,
  };
}

function readClipping(reader: ConfigReader, values: Values): Clipping {
  if (values["thresholding"] !== undefined && reader.flag("thresholding")) {
    const max = reader.optional("sample_max_value");
    return { kind: "dynamic", ratio: reader.number("dynamic_thresholding_ratio"), ...(max !== undefined && { max }) };
  }
  const clips = values["clip_sample"] !== undefined && reader.flag("clip_sample");
  return clips ? { kind: "range", range: reader.number("clip_sample_range") } : { kind: "none" };
}

function readSchedule(fields: SchedulerFields, values: Values, where: string): NoiseSchedule {
  const rules: readonly BetaSchedule[] = ["linear", "scaled_linear", "sigmoid", "squaredcos_cap_v2"];
  const trained = Array.isArray(values["trained_betas"]) ? fields.numbers("trained_betas") : undefined;
  const options = trained === undefined && {
    betaSchedule: fields.word("beta_schedule", ...rules),
    length: fields.number("num_train_timesteps"),
    betaStart: values["beta_start"] === undefined ? undefined : fields.number("beta_start"),
    betaEnd: values["beta_end"] === undefined ? undefined : fields.number("beta_end"),
  };
  return inFile(where, "config", () => {
    const schedule = options ? createSchedule(options) : scheduleFromBetas(Float64Array.from(trained!));
    return values["rescale_betas_zero_snr"] === true ? rescaleZeroTerminalSnr(schedule) : schedule;
  });
}

/** Names the file in errors of this code that do not. */
function inFile<T>(where: string, code: UnclipErrorCode, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isUnclipError(cause, code)) throw cause;
    throw new UnclipError("config", `${where}: ${cause.message}`, { cause });
  }
}
