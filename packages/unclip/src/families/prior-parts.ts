import { loadTextEncoder, type TextEncoder } from "@unclip/clip";
import { loadDiffusionPrior, type DiffusionPrior } from "@unclip/prior";
import type { ModelFolder, Runtime } from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";
import type { ModelIndex } from "../model-index.js";
import { checkFit, textLinks } from "./check-fit.js";
import type { FamilyFolder } from "./family.js";

/** A prior, and the text tower that reads captions for it. */
export interface PriorParts {
  readonly prior: DiffusionPrior;
  readonly textEncoder: TextEncoder;
  /** The model that they are from, where it is another; the name under which recipes know it. */
  readonly model?: string;
}

type Components = ModelIndex["components"];

/** The prior that lies in the model's own folder, under the names of diffusers' StableUnCLIPPipeline; undefined where there is none.
 * @throws UnclipError "config" or "weights" if a part of it is missing, damaged, or does not fit the others */
export async function loadOwnPrior(
  folder: ModelFolder,
  runtime: Runtime,
  components: Components,
): Promise<PriorParts | undefined> {
  return components.has("prior") ? loadParts(folder, runtime, components) : undefined;
}

/** How another model's prior is loaded. */
export interface PriorOfOptions extends Pick<FamilyFolder, "runtime" | "openOther"> {
  /** The class of diffusers that runs its scheduler's settings, where it is not the file's own. */
  readonly schedulerClass?: string;
}

/** The prior of another model: Karlo's, or one of a folder as above.
 * @throws UnclipError "config" or "weights" if it has none, or a part of it is missing, damaged, or does not fit the others */
export async function loadPriorOf(
  source: string | URL,
  { runtime, openOther, schedulerClass }: PriorOfOptions,
): Promise<PriorParts> {
  const { folder, index, name } = await openOther(source, ({ components }) => Object.values(namesOf(components)));
  if (!index.components.has("prior")) {
    throw new UnclipError("config", `${name}: has no prior; expected a model such as kakaobrain/karlo-v1-alpha`);
  }
  return { ...(await loadParts(folder, runtime, index.components, schedulerClass)), model: name };
}

async function loadParts(
  folder: ModelFolder,
  runtime: Runtime,
  components: Components,
  schedulerClass?: string,
): Promise<PriorParts> {
  const { prior: component, scheduler, textEncoder: text, tokenizer } = namesOf(components);
  const prior = await loadDiffusionPrior(folder, runtime, {
    component,
    scheduler,
    ...(schedulerClass !== undefined && { schedulerClass }),
  });
  const textEncoder = await loadTextEncoder(folder, runtime, { component: text, tokenizer });
  checkFit(folder.name, textLinks(textEncoder.config, prior.config));
  return { prior, textEncoder };
}

/** The folders of a prior's parts. */
function namesOf(components: Components) {
  const prefix = components.has("prior_text_encoder") ? "prior_" : "";
  return {
    prior: "prior",
    scheduler: components.has("prior_scheduler") ? "prior_scheduler" : "scheduler",
    textEncoder: `${prefix}text_encoder`,
    tokenizer: `${prefix}tokenizer`,
  };
}
