import { UnclipError } from "@unclip/tensor";
import type { FamilyModel } from "./families/family.js";

/** What a model can have or do, in the words of people. Stages first, then settings, then operations. */
const FEATURES = {
  textEncoder: "say which caption a picture fits, or edit it by captions",
  imageEncoder: "look at pictures",
  prior: "make image embeddings of captions by a prior",
  autoregressivePrior: "make image embeddings of captions by an autoregressive prior",
  withoutPrior: "paint from the caption alone (prior none)",
  textEmbedding: "paint from the caption's text embedding (prior text-embedding)",
  upsamplers: "enlarge what the decoder painted",
  image: "begin with a picture (image), of which much or little stays",
  mask: "paint an area of a picture anew (image and mask)",
  depth: "follow a depth picture (depth)",
  size: "paint pictures of the width and height that are asked for",
  caption: "take a caption beside the picture that is varied",
  negative: "lead away from a negative caption",
  noiseLevel: "noise what it saw, so that variations differ more",
  generate: "generate pictures of captions",
  vary: "vary pictures",
  interpolate: "interpolate between pictures or captions",
  mix: "mix pictures and captions",
  edit: "edit a picture by a text diff",
  components: "show a picture by principal components",
  compare: "compare the ways of conditioning",
} as const;

/** What a model can have or do. */
export type Feature = keyof typeof FEATURES;

/** Why a model does not have or do something: the rest of a sentence, such as "this model has no ...; choose ...". */
export type Lacks = Readonly<Partial<Record<Feature, string>>>;

/** What an operation needs; `generate` needs one of several, and says itself which. */
const NEEDS: Readonly<Partial<Record<Feature, readonly Feature[]>>> = {
  vary: ["imageEncoder"],
  edit: ["imageEncoder", "textEncoder"],
  components: ["imageEncoder"],
  compare: ["prior", "withoutPrior", "textEmbedding"],
  caption: ["vary"],
};

/** Why a model lacks a feature: its own reason, or that it lacks something which the feature needs; undefined if it has it. */
export function lackOf(lacks: Lacks, feature: Feature): string | undefined {
  const needs = NEEDS[feature] ?? [];
  return lacks[feature] ?? needs.map((need) => lackOf(lacks, need)).find((reason) => reason !== undefined);
}

/** Throws unless a model has a feature.
 * @param where what needs it, for the message: a setting or the model's name
 * @throws UnclipError "input" with the reason */
export function demand({ lacks }: Pick<FamilyModel, "lacks">, feature: Feature, where: string): void {
  const reason = lackOf(lacks, feature);
  if (reason !== undefined) throw new UnclipError("input", `${where}: ${reason}`);
}

/** What a model can do, and what it cannot, in plain words. */
export function describe(lacks: Lacks): { readonly can: readonly string[]; readonly lacks: readonly string[] } {
  const features = Object.entries(FEATURES) as readonly [Feature, string][];
  const reasons = features.map(([feature, words]) => ({ words, reason: lackOf(lacks, feature) }));
  return {
    can: reasons.filter(({ reason }) => reason === undefined).map(({ words }) => words),
    lacks: reasons.flatMap(({ words, reason }) => (reason === undefined ? [] : [`${words}: ${reason}`])),
  };
}
