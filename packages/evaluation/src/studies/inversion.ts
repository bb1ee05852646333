import { createRun, type Picture } from "@unclip/tensor";
import { peakSignalToNoise } from "../peak-signal-to-noise.js";
import { mean, median } from "../statistics.js";
import { atDecoderSize, BATCH, casesOf, inBatches } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";

const STEPS = [10, 25, 50, 100];

/** The ways to invert that are compared: the library's own, and plain DDIM backwards. */
const WAYS = [
  { name: "refined (default)", settings: {} },
  { name: "not refined", settings: { refinements: 0 } },
];

/** Pictures that are equal in all their bytes count as this: the error of rounding to 8 bits alone, 1/12 of a level squared. */
const ROUNDING = 10 * Math.log10(255 ** 2 * 12);

/** Below this a picture did not come back. */
const POOR = 30;

interface Measured {
  readonly way: string;
  readonly steps: number;
  readonly decibels: readonly number[];
  readonly images: readonly Picture[];
}

export const inversion: Study = {
  name: "inversion",
  title: "Does an inverted picture come back?",
  question:
    "A real picture is inverted to its x_T and painted again from it with eta 0, both in N steps, without guidance. How near does it come, by the peak " +
    "signal-to-noise ratio at the decoder's size? Pictures that come back equal in every byte count as 58.9 dB, the error of rounding alone.",
  count: 20,
  unit: "pictures",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model, signal } = options;
  const pictures = casesOf(options, inversion.count).map(({ picture }) => picture);
  const goals = pictures.map((picture) => atDecoderSize(picture, model));
  const measured: Measured[] = [];
  for (const { name: way, settings } of WAYS) {
    for (const steps of STEPS) {
      const request = { ...settings, eta: 0, decoder: { steps }, upsamplers: 0, signal };
      const paint = async (batch: readonly Picture[]) => (await model.vary(batch, request)).images;
      const images = yield* inBatches(`${steps} steps, ${way}`, pictures, paint, { signal, size: BATCH });
      const decibels = images.map((image, i) => Math.min(peakSignalToNoise(image, goals[i]!), ROUNDING));
      measured.push({ way, steps, decibels, images });
    }
  }
  return report(measured, goals);
}

function report(measured: readonly Measured[], goals: readonly Picture[]): StudyResult {
  const shown = measured.filter(({ way }) => way === WAYS[0]!.name);
  const last = shown.at(-1)!;
  const poor = last.decibels.filter((value) => value < POOR).length;
  const plain = measured.find(({ way, steps }) => way !== last.way && steps === last.steps)!;
  return {
    findings: [
      `At ${last.steps} steps a picture comes back at ${mean(last.decibels).toFixed(1)} dB (mean; median ${median(last.decibels).toFixed(1)} dB), ` +
        `${poor} of ${goals.length} below ${POOR} dB; without refinements at ${mean(plain.decibels).toFixed(1)} dB.`,
    ],
    tables: [
      {
        title: "Peak signal-to-noise ratio in dB",
        columns: [
          { name: "inversion" },
          { name: "steps", digits: 0 },
          { name: "mean", digits: 1 },
          { name: "median", digits: 1 },
          { name: "least", digits: 1 },
          { name: `below ${POOR} dB`, digits: 0 },
        ],
        rows: measured.map(({ way, steps, decibels }) => [
          way,
          steps,
          mean(decibels),
          median(decibels),
          Math.min(...decibels),
          decibels.filter((value) => value < POOR).length,
        ]),
      },
    ],
    plots: [
      {
        title: "A picture, inverted and painted again",
        kind: "lines",
        x: "steps, either way",
        y: "PSNR (dB), mean",
        range: [0, 60],
        points: measured.map(({ way, steps, decibels }) => ({ series: way, x: steps, y: mean(decibels) })),
      },
    ],
    sheets: [
      {
        title: "The pictures, and what comes back",
        columns: Math.min(goals.length, BATCH),
        pictures: [goals, ...shown.map(({ images }) => images)].flatMap((row) => row.slice(0, BATCH)),
        rows: ["picture", ...shown.map(({ steps }) => `${steps} steps`)],
      },
    ],
  };
}
