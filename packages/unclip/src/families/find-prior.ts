import { isUnclipError, UnclipError } from "@unclip/tensor";
import type { ModelIndex } from "../model-index.js";
import type { FamilyFolder, OtherFolder } from "./family.js";
import { priorOfCard } from "./model-card.js";

/** Where a prior lies. */
export interface PriorPlace extends Pick<OtherFolder, "folder" | "index"> {
  /** The name under which recipes know it, where it is another folder. */
  readonly name?: string;
}

/** What is looked for. */
export interface FindPriorOptions {
  /** The pipelines that such priors are saved from. */
  readonly priors: readonly string[];
  /** The parts of its folder that are needed. */
  readonly parts: (index: ModelIndex) => readonly string[];
}

/** Finds the prior of a decoder's folder: the one that the caller chose, or else one in the folder itself, or in a folder beside it, or
 * the one that the model card names.
 * @returns undefined where there is none
 * @throws UnclipError "config" if the chosen model has no prior, "download" if the hub does not give the one of the card */
export async function findPrior(
  opening: Omit<FamilyFolder, "runtime">,
  { priors, parts }: FindPriorOptions,
): Promise<PriorPlace | undefined> {
  const { folder, index, priorModel, openOther, beside } = opening;
  if (priorModel !== undefined) return checked(await openOther(priorModel, parts));
  if (index.components.has("prior_prior")) return { folder, index };
  const id = await priorOfCard(folder);
  for (const name of neighbours(folder.name, id)) {
    const place = beside?.(name);
    const other = place === undefined ? undefined : await openOther(place, parts).catch(notThere);
    if (other !== undefined && priors.includes(other.index.className)) return checked(other);
  }
  return id === undefined ? undefined : checked(await openOther(id, parts));
}

function checked(other: OtherFolder): PriorPlace {
  const names = [...other.index.components.keys()];
  if (names.includes("prior") || names.includes("prior_prior")) return other;
  const got = `model_index.json lists ${names.join(", ") || "nothing"}`;
  throw new UnclipError("config", `${other.name}: has no prior, ${got}; give the folder of a prior as priorModel`);
}

/** What a prior's folder beside a decoder's may be called: as the card names it, or like the decoder's with another ending. */
function neighbours(decoder: string, id: string | undefined): string[] {
  const own = decoder.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
  const ending = /(^|-)(decoder-inpaint|decoder|controlnet-depth|inpaint)$/;
  const names = [id?.replace(/^.*\//, ""), ending.test(own) ? own.replace(ending, "$1prior") : `${own}-prior`];
  return [...new Set(names.filter((name) => name !== undefined && name !== own))] as string[];
}

/** A folder beside another one may well not be there. */
function notThere(error: unknown): undefined {
  if (isUnclipError(error, "input") || isUnclipError(error, "config")) return undefined;
  throw error;
}
