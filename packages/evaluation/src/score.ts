import { THING_ATTRIBUTES } from "./config.js";
import type { Claim, Scene, ThingAttribute } from "./scene.js";
import { createScore, type Score } from "./wilson-interval.js";

/** What is judged, in the order of a table. "count" is the number of things; "binding" that both things of a pair are there, each in
 * its own colour; "relation" that they also stand as the caption says. */
export const MEASURES = [...THING_ATTRIBUTES, "style", "ground", "count", "binding", "relation"] as const;

/** One of {@link MEASURES}. */
export type Measure = (typeof MEASURES)[number];

/** How many of a caption's claims a picture shows, by measure; nothing for what the caption does not claim. */
export type Verdict = Readonly<Partial<Record<Measure, { readonly right: number; readonly total: number }>>>;

/** Holds a picture to its caption. Claims about things count whichever thing they are true of: where the things stand is for
 * the relation alone. */
export function judge(claim: Claim, seen: Scene): Verdict {
  const things = bestOrder(claim, seen);
  const verdict: Partial<Record<Measure, { right: number; total: number }>> = {};
  const note = (measure: Measure, isRight: boolean) => {
    const { right, total } = verdict[measure] ?? { right: 0, total: 0 };
    verdict[measure] = { right: right + Number(isRight), total: total + 1 };
  };
  claim.things.forEach((claimed, i) => {
    for (const attribute of THING_ATTRIBUTES) {
      if (claimed[attribute] !== undefined) note(attribute, things[i]?.[attribute] === claimed[attribute]);
    }
  });
  note("style", seen.style === claim.style);
  if (claim.ground !== undefined) note("ground", seen.ground === claim.ground);
  note("count", seen.things.length === claim.things.length);
  if (claim.relation !== undefined) {
    note("binding", areBound(claim, things));
    note("relation", areBound(claim, seen.things) && seen.relation === claim.relation);
  }
  return verdict;
}

/** Things, with nothing in the place of one that is missing. */
type Places = readonly (Scene["things"][number] | undefined)[];

/** The things of a picture in the order in which most of the caption's claims are true of them. */
function bestOrder(claim: Claim, { things }: Scene): Places {
  const isTrue = (claimed: Claim["things"][number], thing: Places[number], name: ThingAttribute) =>
    claimed[name] !== undefined && claimed[name] === thing?.[name];
  const agreeing = (order: Places) =>
    claim.things
      .flatMap((claimed, i) => THING_ATTRIBUTES.map((name) => isTrue(claimed, order[i], name)))
      .filter(Boolean).length;
  const swapped = [things[1], things[0]];
  return agreeing(swapped) > agreeing(things) ? swapped : things;
}

/** Whether each claimed couple of colour and shape is that of the thing in its place. */
function areBound(claim: Claim, things: Places): boolean {
  return claim.things.every(({ shape, colour }, i) => things[i]?.shape === shape && things[i]?.colour === colour);
}

/** Whether a picture shows all that its caption claims. */
export function isRight(verdict: Verdict): boolean {
  return Object.values(verdict).every(({ right, total }) => right === total);
}

/** The shares of claims that pictures show, by measure, with their intervals. */
export function scoreOf(verdicts: readonly Verdict[]): Record<Measure, Score> {
  const sum = (measure: Measure, which: "right" | "total") =>
    verdicts.reduce((total, verdict) => total + (verdict[measure]?.[which] ?? 0), 0);
  const scores = MEASURES.map((measure) => [measure, createScore(sum(measure, "right"), sum(measure, "total"))]);
  return Object.fromEntries(scores) as Record<Measure, Score>;
}
