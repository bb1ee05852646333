import type { Checkpoint } from "@unclip/graph";
import { createRuntime, readCheckpoint, type FolderSource, type ModelFolder } from "@unclip/runtime";
import { isUnclipError, sizeOf } from "@unclip/tensor";
import type { FamilyModel } from "./families/family.js";
import { describe } from "./features.js";
import { openFamily } from "./open-family.js";
import type { SourceOptions } from "./open-model.js";
import { readQuantization, type Quantization } from "./quantization.js";

/** What `inspectModel` found about one component of a model folder. */
export interface ComponentReport {
  /** Folder name, for example "decoder". */
  readonly name: string;
  /** Class named in model_index.json. */
  readonly className: string;
  /** "ok", or one sentence about what is missing or wrong. */
  readonly status: string;
  /** Size of its weight files; 0 for a component without weights. */
  readonly sizeBytes: number;
  /** Number of parameters; 0 for a component without weights. */
  readonly parameters: number;
  /** Storage types of the weights, for example ["F16"]. */
  readonly dtypes: readonly string[];
}

/** What `inspectModel` found about a model folder. */
export interface ModelReport {
  readonly model: string;
  /** `_class_name` of model_index.json. */
  readonly className: string;
  /** The kind of model, for example "karlo". */
  readonly family: string;
  readonly components: readonly ComponentReport[];
  /** What was done to a quantised model; absent for any other. */
  readonly quantization?: Quantization;
  /** Sentences about what keeps the folder from generating; empty if nothing does. */
  readonly problems: readonly string[];
  /** What the model can do, in plain words; empty where problems keep it from opening. */
  readonly can: readonly string[];
  /** What it cannot do, and why. */
  readonly lacks: readonly string[];
}

/** What a model folder holds and what it lacks, from its configs and the headers of its weights.
 * @param source as for `loadUnclip`
 * @throws UnclipError "input" or "config" if there is no model folder at all */
export async function inspectModel(source: FolderSource = "toybox", options: SourceOptions = {}): Promise<ModelReport> {
  const { model, folder, index, family, load } = await openFamily(source, options);
  const components = await Promise.all(
    [...index.components].map(([name, className]) => inspectComponent(folder, name, className)),
  );
  const damaged = components.filter(({ status }) => status !== "ok").map(({ status }) => status);
  let opened: FamilyModel | undefined;
  let quantization: Quantization | undefined;
  const misread = await problemOf(async () => {
    quantization = await readQuantization(folder);
  });
  const problem = await problemOf(async () => {
    opened = await load(await createRuntime());
  });
  return {
    model,
    className: index.className,
    family: family.name,
    components,
    ...(quantization && { quantization }),
    problems: [...new Set([...damaged, ...[misread, problem].filter((one) => one !== undefined)])],
    ...(opened === undefined ? { can: [], lacks: [] } : describe(opened.lacks)),
  };
}

/** Components without weights, by the end of their class name. */
const WEIGHTLESS = /(Scheduler|Tokenizer|TokenizerFast|Processor|Extractor)$/;

async function inspectComponent(folder: ModelFolder, name: string, className: string): Promise<ComponentReport> {
  const report = { name, className, sizeBytes: 0, parameters: 0, dtypes: [], status: "ok" };
  if (WEIGHTLESS.test(className)) return report;
  let checkpoint: Checkpoint | undefined;
  const problem = await problemOf(async () => {
    checkpoint = await readCheckpoint(folder, name);
  });
  if (checkpoint === undefined) return { ...report, status: problem! };
  const weights = [...checkpoint.weights.values()];
  return {
    ...report,
    sizeBytes: weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    parameters: weights.reduce((sum, { dims }) => sum + sizeOf(dims), 0),
    dtypes: [...new Set(weights.map(({ type }) => type))],
  };
}

/** The sentence of the error that `work` fails with, if it is one of ours. */
async function problemOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (isUnclipError(error)) return error.message;
    throw error;
  }
}
