import { createRun, type Picture } from "@unclip/tensor";
import { pairedCosines } from "../clip-similarity.js";
import { describeClaim } from "../describe.js";
import type { Claim } from "../scene.js";
import { judge } from "../score.js";
import { createScore, type Score } from "../wilson-interval.js";
import { barOf, casesOf, embedPictures, embedTexts, paintCaptions, percent, readAll } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";
import { waysOf } from "./ways.js";

/** A scene of two things, and the same with their colours exchanged. */
interface Pair {
  readonly claim: Claim;
  readonly swapped: Claim;
  /** The real picture of `claim`. */
  readonly picture: Picture;
}

export const binding: Study = {
  name: "binding",
  title: "Do colours stay with their things?",
  question:
    "Captions with two things of different shape and colour, and the same captions with the colours exchanged, are painted in each way of conditioning. An oracle, a " +
    "network trained on real renders alone, reads whether both things are there in their own colours, or in each other's. CLIP itself is asked too: is a real " +
    "picture nearer to its own caption than to the exchanged one?",
  count: 40,
  unit: "pairs",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const fits = ({ claim: { things } }: { claim: Claim }) =>
    things.length === 2 && things[0]!.shape !== things[1]!.shape && things[0]!.colour !== things[1]!.colour;
  const pairs = casesOf(options, binding.count, fits).map(({ claim, picture }): Pair => {
    const plain = { ...claim, things: claim.things.map(({ shape, colour }) => ({ shape, colour })) };
    return { claim: plain, swapped: exchanged(plain), picture };
  });
  const clip = await clipScoreOf(pairs, options);
  const claims = pairs.flatMap(({ claim, swapped }) => [claim, swapped]);
  const painted: Painted[] = [];
  for (const { name, prior } of waysOf(options.model)) {
    const images = yield* paintCaptions(name, claims.map(describeClaim), { prior }, options);
    const scenes = await readAll(images, options);
    const isBound = (claim: Claim, i: number) => judge(claim, scenes[i]!).binding!.right === 1;
    painted.push({
      way: name,
      images,
      bound: createScore(claims.filter(isBound).length, claims.length),
      swapped: createScore(claims.filter((claim, i) => isBound(exchanged(claim), i)).length, claims.length),
    });
  }
  return report(painted, clip, claims);
}

/** The same scene with the colours of its two things exchanged. */
function exchanged(claim: Claim): Claim {
  const [first, second] = claim.things as [Claim["things"][number], Claim["things"][number]];
  return {
    ...claim,
    things: [
      { ...first, colour: second.colour },
      { ...second, colour: first.colour },
    ],
  };
}

/** How often a real picture is nearer to its own caption than to the exchanged one. */
async function clipScoreOf(pairs: readonly Pair[], options: StudyOptions): Promise<Score> {
  const pictures = await embedPictures(
    pairs.map(({ picture }) => picture),
    options,
  );
  const cosines = async (which: "claim" | "swapped") => {
    const captions = pairs.map((pair) => describeClaim(pair[which]));
    return pairedCosines(pictures, await embedTexts(captions, options));
  };
  const [own, other] = [await cosines("claim"), await cosines("swapped")];
  return createScore(own.filter((cosine, i) => cosine > other[i]!).length, pairs.length);
}

interface Painted {
  readonly way: string;
  readonly images: readonly Picture[];
  readonly bound: Score;
  readonly swapped: Score;
}

/** Pictures of each way on the sheet. */
const SHOWN = 10;

function report(painted: readonly Painted[], clip: Score, claims: readonly Claim[]): StudyResult {
  const told = painted.map(
    ({ way, bound, swapped }) => `${way} ${percent(bound.share)} (${percent(swapped.share)} exchanged)`,
  );
  return {
    findings: [
      `Both things in their own colours: ${told.join(", ")}.`,
      `CLIP finds real pictures nearer to their own caption than to the one with exchanged colours in ${percent(clip.share)} of ${clip.total} pairs.`,
    ],
    tables: [
      {
        title: "What was painted",
        columns: [
          { name: "conditioned on" },
          { name: "pictures", digits: 0 },
          { name: "own colours" },
          { name: "exchanged colours" },
        ],
        rows: painted.map(({ way, images, bound, swapped }) => [way, images.length, bound, swapped]),
      },
      {
        title: "What CLIP tells apart",
        columns: [{ name: "" }, { name: "pairs", digits: 0 }, { name: "right" }],
        rows: [["real pictures, own caption nearer", clip.total, clip]],
      },
    ],
    plots: [
      {
        title: "Two things and their colours",
        kind: "bars",
        x: "conditioned on",
        y: "share of pictures",
        range: [0, 1],
        points: painted.flatMap(({ way, bound, swapped }) => [
          { series: "own colours", x: way, ...barOf(bound) },
          { series: "exchanged", x: way, ...barOf(swapped) },
        ]),
      },
    ],
    sheets: [
      {
        title: `The first captions and their exchanged ones, from the left: ${claims.slice(0, SHOWN).map(describeClaim).join("; ")}`,
        columns: Math.min(SHOWN, claims.length),
        pictures: painted.flatMap(({ images }) => images.slice(0, SHOWN)),
        rows: painted.map(({ way }) => way),
      },
    ],
  };
}
