import { createRandom, createRun, repeatRows, rows, UnclipError, type Picture, type Tensor } from "@unclip/tensor";
import { clipScore, meanPairwiseDistance } from "../clip-similarity.js";
import { isRight, judge } from "../score.js";
import { mean, standardError } from "../statistics.js";
import { createScore, type Score } from "../wilson-interval.js";
import { casesOf, embedPictures, embedTexts, inBatches, percent, readAll, textEncoderOf } from "./paint.js";
import type { Study, StudyModel, StudyOptions, StudyPrior, StudyRequest, StudyResult, StudyStep } from "./study.js";

/** Guidance scales of the decoder. */
const SCALES = [1, 2, 4, 6, 8];

/** Pictures of each caption. */
const EACH = 6;

export const guidance: Study = {
  name: "guidance",
  title: "Does guidance cost variety?",
  question:
    `${EACH} pictures of each caption are painted at growing guidance of the decoder: by the full stack, whose image embedding z_i is drawn once for each caption and then held ` +
    "fixed, and with the caption alone, as GLIDE does. How far apart are the pictures of one caption in CLIP space (mean of 1 - cos over all pairs)? The paper " +
    "says that the full stack keeps its variety under guidance, since z_i already says what all its pictures share (figure 9).",
  count: 8,
  unit: "captions",
  run: (options) => createRun(() => measure(options)),
};

interface Way {
  readonly name: string;
  /** The prior for the caption in a place. */
  readonly priorOf: (caption: number) => StudyRequest["prior"];
}

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model, seed = 0, signal } = options;
  const cases = casesOf(options, guidance.count, ({ claim }) => claim.things.length === 2);
  const captions = cases.map(({ caption }) => caption);
  const fixed = await embeddingsOf(captions, options);
  const ways: Way[] = [
    { name: "full stack, z_i fixed", priorOf: (i) => fixedPrior(rows(fixed, i, i + 1)) },
    { name: "caption alone", priorOf: () => ({ kind: "none" }) },
  ];
  const measured: Measured[] = [];
  for (const { name: way, priorOf } of ways) {
    for (const scale of SCALES) {
      const request = { n: EACH, decoder: { guidanceScale: scale }, upsamplers: 0, signal };
      const paint = async ([caption]: readonly string[], i: number) => {
        const { images } = await model.generate([caption!], { ...request, prior: priorOf(i), seed: seed + i });
        return [images];
      };
      const groups = yield* inBatches(`${way}, guidance ${scale}`, captions, paint, { signal, size: 1 });
      measured.push({ way, scale, groups, ...(await judged(groups, cases, options)) });
    }
  }
  return report(measured, captions);
}

/** z_i of each caption, [N, D], by the model's prior with its own settings. */
async function embeddingsOf(captions: readonly string[], { model, seed = 0, signal }: StudyOptions): Promise<Tensor> {
  const { prior } = model.stages;
  if (prior === undefined) throw new UnclipError("input", "this model has no diffusion prior, which the study needs");
  const encoder = textEncoderOf(model);
  const settings = { ...settingsOf(model), negative: await encoder.embed([""]), random: createRandom(seed), signal };
  return (await prior.embed(await encoder.embed(captions), settings))!;
}

function settingsOf({ defaults }: StudyModel): { readonly steps: number; readonly guidanceScale: number } {
  return { steps: defaults.prior.steps, guidanceScale: defaults.prior.guidanceScale };
}

/** A prior that gives one embedding, [1, D], to all its captions. */
function fixedPrior(imageEmbedding: Tensor): StudyPrior {
  return {
    name: "fixed",
    embed: async ({ textEmbedding }) => repeatRows(imageEmbedding, textEmbedding.dims[0]!),
  };
}

interface Measured {
  readonly way: string;
  readonly scale: number;
  readonly groups: readonly (readonly Picture[])[];
  /** Of each caption's pictures. */
  readonly spreads: readonly number[];
  readonly right: Score;
  readonly clip: number;
}

async function judged(
  groups: Measured["groups"],
  cases: ReturnType<typeof casesOf>,
  options: StudyOptions,
): Promise<Pick<Measured, "spreads" | "right" | "clip">> {
  const images = groups.flat();
  const [scenes, embedded] = [await readAll(images, options), await embedPictures(images, options)];
  const captions = cases.flatMap(({ caption }) => Array<string>(EACH).fill(caption));
  const right = images.filter((_, i) => isRight(judge(cases[Math.floor(i / EACH)]!.claim, scenes[i]!)));
  return {
    spreads: groups.map((_, i) => meanPairwiseDistance(rows(embedded, i * EACH, (i + 1) * EACH))),
    right: createScore(right.length, images.length),
    clip: clipScore(embedded, await embedTexts(captions, options)),
  };
}

function report(measured: readonly Measured[], captions: readonly string[]): StudyResult {
  const ways = [...new Set(measured.map(({ way }) => way))];
  const told = ways.map((way) => {
    const own = measured.filter((one) => one.way === way);
    const [first, last] = [own[0]!, own.at(-1)!];
    const best = own.reduce((a, b) => (b.right.right > a.right.right ? b : a));
    const at = ({ scale, spreads, right }: Measured) =>
      `${mean(spreads).toFixed(3)} at guidance ${scale} (${percent(right.share)} all right)`;
    return `${way}: ${[first, best, last].map(at).join(", ")}`;
  });
  return {
    findings: told.map((line) => `Spread of the ${line}. In the middle is the guidance at which most is right.`),
    tables: [
      {
        title: "Variety and truth by guidance",
        columns: [
          { name: "" },
          { name: "guidance", digits: 1 },
          { name: "spread", digits: 4 },
          { name: "standard error", digits: 4 },
          { name: "CLIP score", digits: 1 },
          { name: "all right" },
        ],
        rows: measured.map(({ way, scale, spreads, clip, right }) => [
          way,
          scale,
          mean(spreads),
          standardError(spreads),
          clip,
          right,
        ]),
      },
    ],
    plots: [
      {
        title: "Spread of the pictures of one caption",
        kind: "lines",
        x: "decoder guidance",
        y: "spread in CLIP space, mean over captions",
        points: measured.map(({ way, scale, spreads }) => ({ series: way, x: scale, y: mean(spreads) })),
      },
    ],
    sheets: ways.map((way) => ({
      title: `${way}: ${captions[0]}`,
      columns: EACH,
      pictures: measured.filter((one) => one.way === way).flatMap(({ groups }) => groups[0]!),
      rows: SCALES.map((scale) => `guidance ${scale}`),
    })),
  };
}
