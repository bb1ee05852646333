import type { ModelFolder, Runtime } from "@unclip/runtime";
import type { ModelIndex } from "../model-index.js";
import type { Stages } from "../stages.js";

/** A kind of published model: how its folders become stages. */
export interface Family {
  /** For messages and reports, for example "karlo". */
  readonly name: string;
  /** The pipelines of diffusers whose folders it opens: `_class_name` of model_index.json. */
  readonly pipelines: readonly string[];
  /** The stages of a folder. No network is opened yet.
   * @throws UnclipError "config" or "weights" if a part is missing, damaged, or does not fit the others */
  load(folder: ModelFolder, runtime: Runtime, index: ModelIndex): Promise<Stages>;
}
