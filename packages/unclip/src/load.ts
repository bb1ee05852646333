import { createRuntime } from "@unclip/runtime";
import { finish } from "@unclip/sampler";
import { checkAborted } from "@unclip/tensor";
import { readDefaults } from "./defaults.js";
import { generate } from "./generate.js";
import { readModelIndex } from "./model-index.js";
import { openModel } from "./open-model.js";
import { estimatePriorTable } from "./prior-table.js";
import { loadStages } from "./stages.js";
import { vary } from "./vary.js";
import type { LoadOptions, Unclip } from "./types.js";

/** Loads a model: reads its configs and the headers of its weights. Networks are opened when they first run.
 * @param source "toybox", the model that ships with the project (default); the folder of a model in the diffusers layout (in browsers,
 * its address); or the id of one on the Hugging Face hub, `owner/name` or `owner/name@revision`
 * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give the model,
 * "config" or "weights" if it is not a whole model */
export async function loadUnclip(source: string | URL = "toybox", options: LoadOptions = {}): Promise<Unclip> {
  const { signal, device, keep } = options;
  checkAborted(signal, "loadUnclip");
  const { folder, name: model } = await openModel(source, options);
  const runtime = await createRuntime({ device, keep });
  const index = await readModelIndex(folder);
  const stages = await loadStages(folder, runtime, index);
  checkAborted(signal, "loadUnclip");
  const loaded = { model, stages, runtime, defaults: await readDefaults(folder, stages.upsamplers.length) };
  return {
    model,
    stages,
    defaults: loaded.defaults,
    stream: (caption, request) => generate(loaded, caption, request),
    generate: (caption, request) => finish(generate(loaded, caption, request)),
    streamVariations: (picture, request) => vary(loaded, picture, request),
    vary: (picture, request) => finish(vary(loaded, picture, request)),
    streamPriorTable: (examples, request) => estimatePriorTable(loaded, examples, request),
    estimatePriorTable: (examples, request) => finish(estimatePriorTable(loaded, examples, request)),
    dispose: () => runtime.dispose(),
  };
}
