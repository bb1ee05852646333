import type { Checkpoint } from "@unclip/graph";
import { createRuntime, readCheckpoint, type ModelFolder } from "@unclip/runtime";
import { isUnclipError, sizeOf } from "@unclip/tensor";
import { readModelIndex } from "./model-index.js";
import { openModel } from "./open-model.js";
import { loadStages } from "./stages.js";
import type { ComponentReport, ModelReport, SourceOptions } from "./types.js";

/** What a model folder holds and what it lacks, from its configs and the headers of its weights.
 * @param source as for `loadUnclip`
 * @throws UnclipError "input" or "config" if there is no model folder at all */
export async function inspectModel(source: string | URL = "toybox", options: SourceOptions = {}): Promise<ModelReport> {
  const { folder, name: model } = await openModel(source, options);
  const index = await readModelIndex(folder);
  const components = await Promise.all(
    [...index.components].map(([name, className]) => inspectComponent(folder, name, className)),
  );
  const damaged = components.filter(({ status }) => status !== "ok").map(({ status }) => status);
  const problem = await problemOf(async () => loadStages(folder, await createRuntime(), index));
  return {
    model,
    className: index.className,
    components,
    problems: [...new Set([...damaged, ...(problem === undefined ? [] : [problem])])],
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
