import { createRun, type Picture, type Tensor } from "@unclip/tensor";
import { clipScore } from "../clip-similarity.js";
import { frechetDistance, gaussianOf } from "../frechet-distance.js";
import { precisionAndRecall, type PrecisionRecall } from "../precision-recall.js";
import { isRight, judge } from "../score.js";
import { createScore, type Score } from "../wilson-interval.js";
import { atDecoderSize, casesOf, embedPictures, embedTexts, paintCaptions, percent, readAll } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";

/** Guidance scales of the decoder. */
const SCALES = [1, 1.5, 2, 4, 8];

export const quality: Study = {
  name: "quality",
  title: "How near are the pictures to real ones, by decoder guidance?",
  question:
    "Captions are painted by the full stack at growing guidance of the decoder. In CLIP space, generated pictures are compared with as many real ones of other " +
    "captions: Fréchet distance, precision (how many generated lie among real ones) and recall (how many real lie among generated ones). CLIP score and the oracle's " +
    "verdict tell how well they fit their captions. The row of real pictures of the same captions shows what can be reached.",
  count: 100,
  unit: "captions",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model, count = quality.count } = options;
  const cases = casesOf({ ...options, count: 2 * count }, 2 * count);
  const [own, others] = [cases.slice(0, count), cases.slice(count)];
  const captions = own.map(({ caption }) => caption);
  const realOf = (some: typeof own) => some.map(({ picture }) => atDecoderSize(picture, model));
  const [texts, reference] = [await embedTexts(captions, options), await embedPictures(realOf(others), options)];

  const judged = async (name: string, images: readonly Picture[], guidance?: number): Promise<Judged> => {
    const [scenes, embedded] = [await readAll(images, options), await embedPictures(images, options)];
    const right = own.filter(({ claim }, i) => isRight(judge(claim, scenes[i]!)));
    return { name, guidance, right: createScore(right.length, count), ...against(embedded, { texts, reference }) };
  };
  const real = await judged("real pictures", realOf(own));
  const painted: Judged[] = [];
  for (const guidanceScale of SCALES) {
    const name = `guidance ${guidanceScale}`;
    const images = yield* paintCaptions(name, captions, { decoder: { guidanceScale } }, options);
    painted.push(await judged(name, images, guidanceScale));
  }
  return report(painted, real);
}

interface Judged extends PrecisionRecall {
  readonly name: string;
  readonly guidance: number | undefined;
  readonly right: Score;
  readonly clip: number;
  readonly distance: number;
}

function against(embedded: Tensor, { texts, reference }: { readonly texts: Tensor; readonly reference: Tensor }) {
  return {
    clip: clipScore(embedded, texts),
    distance: frechetDistance(gaussianOf(embedded), gaussianOf(reference)),
    ...precisionAndRecall(embedded, reference),
  };
}

function report(painted: readonly Judged[], real: Judged): StudyResult {
  const least = painted.reduce((a, b) => (b.distance < a.distance ? b : a));
  const most = painted.reduce((a, b) => (b.right.right > a.right.right ? b : a));
  const lines = { precision: "precision", recall: "recall" } as const;
  const points = (y: (one: Judged) => number, series: string, ofReal: string) => [
    ...painted.map((one) => ({ series, x: one.guidance!, y: y(one) })),
    ...painted.map((one) => ({ series: ofReal, x: one.guidance!, y: y(real) })),
  ];
  return {
    findings: [
      `The Fréchet distance is least at ${least.name} (${least.distance.toFixed(3)}; real pictures of the same captions ${real.distance.toFixed(3)}), and most captions ` +
        `are all right at ${most.name} (${percent(most.right.share)}).`,
    ],
    tables: [
      {
        title: "Generated pictures and real ones",
        columns: [
          { name: "decoder" },
          { name: "Fréchet distance", digits: 3 },
          { name: "precision", digits: 3 },
          { name: "recall", digits: 3 },
          { name: "CLIP score", digits: 1 },
          { name: "all right" },
        ],
        rows: [...painted, real].map(({ name, distance, precision, recall, clip, right }) => [
          name,
          distance,
          precision,
          recall,
          clip,
          right,
        ]),
      },
    ],
    plots: [
      {
        title: "Fréchet distance in CLIP space",
        kind: "lines",
        x: "decoder guidance",
        y: "Fréchet distance",
        points: points(({ distance }) => distance, "generated", "real pictures"),
      },
      {
        title: "Precision and recall in CLIP space",
        kind: "lines",
        x: "decoder guidance",
        y: "share",
        range: [0, 1],
        points: Object.entries(lines).flatMap(([name, key]) =>
          points((one) => one[key], name, `${name}, real pictures`),
        ),
      },
    ],
    sheets: [],
  };
}
