import { UnclipError } from "@unclip/tensor";

/** What one part of a model gives, how much of it, and how much the next part takes; undefined where a part is not there. */
export type Link = readonly [
  gives: string,
  given: number | undefined,
  unit: "wide" | "tokens long" | "channels deep",
  takes: string,
  taken: number | undefined,
];

/** Throws unless each part of a model takes what the one before it gives.
 * @param where the model's folder
 * @param question what may have gone wrong, for the message
 * @throws UnclipError "config" */
export function checkFit(where: string, links: readonly Link[], question = "are the parts from one model?"): void {
  for (const [gives, given, unit, takes, taken] of links) {
    if (given === undefined || taken === undefined || given === taken) continue;
    throw new UnclipError("config", `${where}: ${gives} ${given} ${unit}, ${takes} ${taken}; ${question}`);
  }
}

/** Sizes of what a text encoder says of captions. */
interface TextSizes {
  readonly embeddingWidth: number;
  readonly width: number;
  readonly textLength: number;
}

/** What a prior takes from its text encoder. */
export function textLinks(
  { embeddingWidth, width, textLength }: TextSizes,
  prior: Pick<TextSizes, "embeddingWidth" | "textLength"> | undefined,
): readonly Link[] {
  return [
    ["the text encoder gives text embeddings", embeddingWidth, "wide", "the prior takes", prior?.embeddingWidth],
    ["the text encoder gives text states", width, "wide", "the prior takes", prior?.embeddingWidth],
    ["the text encoder gives captions", textLength, "tokens long", "the prior takes", prior?.textLength],
  ];
}
