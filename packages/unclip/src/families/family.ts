import type { Decoder, PictureSize } from "@unclip/decoder";
import type { ModelFolder, Runtime } from "@unclip/runtime";
import type { Lacks } from "../features.js";
import type { ModelIndex } from "../model-index.js";
import type { Stages } from "../stages.js";

/** A kind of published model: how its folders become stages. */
export interface Family {
  /** For messages and reports, for example "karlo". */
  readonly name: string;
  /** The pipelines of diffusers whose folders it opens: `_class_name` of model_index.json. */
  readonly pipelines: readonly string[];
  /** The pipelines whose folders hold the priors of its decoders; absent where a folder has its own. The decoder's model card may name such a
   * folder, and is fetched with it. */
  readonly priors?: readonly string[];
  /** What a folder holds. No network is opened yet.
   * @throws UnclipError "config" or "weights" if a part is missing, damaged, or does not fit the others; "input" for a prior's folder where it takes none */
  load(folder: FamilyFolder): Promise<FamilyModel>;
}

/** A folder that a family opens. */
export interface FamilyFolder {
  readonly folder: ModelFolder;
  readonly index: ModelIndex;
  readonly runtime: Runtime;
  /** The model whose prior the caller chose, as `loadUnclip` is given it. */
  readonly priorModel?: string | URL;
  /** What opens a folder beside this one, by the name of that; absent for a model of the hub, which has none beside it. */
  beside?(name: string): string;
  /** Opens another model's folder as this one was opened: of the same variant, and on the hub with the same settings.
   * @param parts which of its components are needed; the others are not fetched
   * @throws UnclipError "input" if there is no such folder, "download" if the hub does not give it, "config" if it is no model */
  openOther(source: string | URL, parts: (index: ModelIndex) => readonly string[]): Promise<OtherFolder>;
}

/** Another model's folder. */
export interface OtherFolder {
  readonly folder: ModelFolder;
  readonly index: ModelIndex;
  /** The name under which recipes know it. */
  readonly name: string;
}

/** What a folder holds and can do. */
export interface FamilyModel {
  readonly stages: Stages;
  /** What this folder lacks of all that models can have, and what to do about it; nothing that it has. */
  readonly lacks: Lacks;
  /** The sizes of its pictures; absent where there is one, that of its decoder. */
  readonly sizes?: Sizes;
  /** Levels of noise on an image embedding, of which a request chooses one; absent where embeddings are taken as they are. */
  readonly noiseLevels?: number;
  /** The model that its prior is from, where that is another folder's; the name under which recipes know it. */
  readonly priorModel?: string;
}

/** The sizes in which a decoder paints. */
export interface Sizes {
  /** Width and height are multiples of it; what is asked for is rounded up. */
  readonly step: number;
  /** The decoder for a size, in multiples of `step`. */
  at(size: PictureSize): Decoder;
}
