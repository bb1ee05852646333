import { createRun, type Picture } from "@unclip/tensor";
import { clipScore } from "../clip-similarity.js";
import { frechetDistance, gaussianOf } from "../frechet-distance.js";
import { isRight, judge } from "../score.js";
import { createScore, type Score } from "../wilson-interval.js";
import { atDecoderSize, barOf, casesOf, embedPictures, embedTexts, paintCaptions, percent, readAll } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";
import { waysOf } from "./ways.js";

export const conditioning: Study = {
  name: "conditioning",
  title: "What does the prior add?",
  question:
    "The same captions are painted with the caption alone, with the CLIP text embedding in place of an image embedding, and with an image embedding that a prior drew " +
    "(the full stack). How often is all right by the oracle, a network trained on real renders alone; how near are pictures to their captions by CLIP score, and how " +
    "near to real pictures of the same captions by the Fréchet distance in CLIP space?",
  count: 200,
  unit: "captions",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model } = options;
  const cases = casesOf(options, conditioning.count);
  const captions = cases.map(({ caption }) => caption);
  const real = cases.map(({ picture }) => atDecoderSize(picture, model));
  const texts = await embedTexts(captions, options);
  const truth = gaussianOf(await embedPictures(real, options));

  const judged = async (way: string, images: readonly Picture[]): Promise<Judged> => {
    const [scenes, embedded] = [await readAll(images, options), await embedPictures(images, options)];
    const right = cases.filter(({ claim }, i) => isRight(judge(claim, scenes[i]!)));
    return {
      way,
      images,
      right: createScore(right.length, cases.length),
      clip: clipScore(embedded, texts),
      distance: frechetDistance(gaussianOf(embedded), truth),
    };
  };
  const painted: Judged[] = [];
  for (const { name, prior } of waysOf(model)) {
    painted.push(await judged(name, yield* paintCaptions(name, captions, { prior }, options)));
  }
  return report(painted, await judged("real pictures", real), captions);
}

interface Judged {
  readonly way: string;
  readonly images: readonly Picture[];
  readonly right: Score;
  readonly clip: number;
  readonly distance: number;
}

/** Pictures of each way on the sheet. */
const SHOWN = 10;

function report(painted: readonly Judged[], real: Judged, captions: readonly string[]): StudyResult {
  const all = [...painted, real];
  return {
    findings: [
      `All right in ${painted.map(({ way, right }) => `${percent(right.share)} (${way})`).join(", ")}; of the real pictures at the same size the oracle reads ` +
        `${percent(real.right.share)} right.`,
    ],
    tables: [
      {
        title: "What was painted",
        columns: [
          { name: "conditioned on" },
          { name: "all right" },
          { name: "CLIP score", digits: 1 },
          { name: "Fréchet distance", digits: 3 },
        ],
        rows: all.map(({ way, right, clip, distance }) => [way, right, clip, distance]),
      },
    ],
    plots: [
      {
        title: "Captions of which all is right",
        kind: "bars",
        x: "conditioned on",
        y: "share of captions",
        range: [0, 1],
        points: all.map(({ way, right }) => ({ series: "all right", x: way, ...barOf(right) })),
      },
    ],
    sheets: [
      {
        title: `The first captions, from the left: ${captions.slice(0, SHOWN).join("; ")}`,
        columns: Math.min(SHOWN, captions.length),
        pictures: all.flatMap(({ images }) => images.slice(0, SHOWN)),
        rows: all.map(({ way }) => way),
      },
    ],
  };
}
