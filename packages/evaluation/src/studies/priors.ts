import {
  createRandom,
  createRun,
  rows,
  tensor,
  UnclipError,
  valuesOf,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import { pairedCosines } from "../clip-similarity.js";
import { mean, standardError } from "../statistics.js";
import { casesOf, embedPictures, inBatches, textEncoderOf } from "./paint.js";
import type { Study, StudyOptions, StudyPrior, StudyPriorOptions, StudyResult, StudyStep } from "./study.js";

/** What the priors are measured at. */
const [GUIDANCE, STEPS, TEMPERATURES] = [
  [1, 2, 4],
  [2, 5, 10, 25],
  [0, 0.1, 0.25, 0.5, 1],
];

/** Captions that a prior takes together. */
const BATCH = 50;

type Settings = Pick<StudyPriorOptions, "steps" | "guidanceScale" | "temperature">;

interface Measured {
  readonly prior: string;
  readonly settings: Settings;
  readonly candidates: number;
  readonly cosines: readonly number[];
}

export const priors: Study = {
  name: "priors",
  title: "How near do the priors come to the embedding of the real picture?",
  question:
    "From a caption a prior draws an image embedding. How large is its cosine to the embedding that CLIP gives a real picture of the caption? The text embedding as it is, the " +
    "diffusion prior by guidance and steps, and the autoregressive prior by temperature, alone and as the nearer of two to the caption.",
  count: 200,
  unit: "captions",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model, seed = 0, signal } = options;
  const { prior, autoregressivePrior } = model.stages;
  if (prior === undefined && autoregressivePrior === undefined) {
    throw new UnclipError("input", "this model has no prior to study; take a model that has one");
  }
  const cases = casesOf(options, priors.count);
  const truth = await embedPictures(
    cases.map(({ picture }) => picture),
    options,
  );
  const encoder = textEncoderOf(model);
  const [negative, captions] = [await encoder.embed([""]), cases.map(({ caption }) => caption)];

  /** Embeddings of all captions, and their cosines. */
  async function* draw(
    stage: string,
    embed: (text: TextFeatures, start: number) => PromiseLike<Tensor | undefined>,
  ): AsyncGenerator<StudyStep, number[]> {
    const work = async (batch: readonly string[], start: number) => {
      const drawn = await embed(await encoder.embed(batch), start);
      return pairedCosines(drawn!, rows(truth, start, start + batch.length));
    };
    return yield* inBatches(stage, captions, work, { signal, size: BATCH });
  }

  const measured: Measured[] = [
    {
      prior: "text embedding",
      settings: {},
      candidates: 1,
      cosines: yield* draw("text embedding", async (text) => text.textEmbedding),
    },
  ];
  for (const { name, drawer, settings, candidates } of plansOf(prior, autoregressivePrior)) {
    const stage = [name, ...wordsOf(settings, candidates)].join(", ");
    const embed = async (text: TextFeatures, start: number) => {
      const random = createRandom(seed + start);
      const drawn: Tensor[] = [];
      for (let i = 0; i < candidates; i++) {
        drawn.push((await drawer.embed(text, { ...settings, negative, random, signal }))!);
      }
      return nearest(drawn, text.textEmbedding);
    };
    measured.push({ prior: name, settings, candidates, cosines: yield* draw(stage, embed) });
  }
  return report(measured);
}

interface Plan extends Omit<Measured, "cosines" | "prior"> {
  readonly name: string;
  readonly drawer: StudyPrior;
}

function plansOf(diffusion: StudyPrior | undefined, autoregressive: StudyPrior | undefined): Plan[] {
  const plans: Plan[] = [];
  if (diffusion !== undefined) {
    const plan = (guidanceScale: number, steps: number, candidates = 1) =>
      plans.push({ name: "diffusion prior", drawer: diffusion, settings: { guidanceScale, steps }, candidates });
    for (const guidanceScale of GUIDANCE) for (const steps of STEPS) plan(guidanceScale, steps);
    plan(1, 10, 2);
  }
  if (autoregressive !== undefined) {
    const plan = (guidanceScale: number, temperature: number, candidates = 1) =>
      plans.push({
        name: "autoregressive prior",
        drawer: autoregressive,
        settings: { guidanceScale, temperature },
        candidates,
      });
    for (const temperature of TEMPERATURES) plan(1, temperature);
    plan(2, 0.1);
    plan(1, 0.1, 2);
  }
  return plans;
}

/** Of several embeddings of each caption the one nearest to it, [N, D]. */
function nearest(drawn: readonly Tensor[], textEmbedding: Tensor): Tensor {
  if (drawn.length === 1) return drawn[0]!;
  const cosines = drawn.map((each) => pairedCosines(each, textEmbedding));
  const [n, width] = drawn[0]!.dims as [number, number];
  const out = new Float32Array(n * width);
  for (let row = 0; row < n; row++) {
    const best = cosines.reduce((at, each, i) => (each[row]! > cosines[at]![row]! ? i : at), 0);
    out.set(valuesOf(drawn[best]!).subarray(row * width, (row + 1) * width), row * width);
  }
  return tensor(out, [n, width]);
}

function wordsOf({ guidanceScale, steps, temperature }: Settings, candidates: number): string[] {
  return [
    ...(guidanceScale === undefined ? [] : [`guidance ${guidanceScale}`]),
    ...(steps === undefined ? [] : [`${steps} steps`]),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(candidates === 1 ? [] : [`nearer of ${candidates}`]),
  ];
}

function report(measured: readonly Measured[]): StudyResult {
  const best = (name: string) => {
    const own = measured.filter(({ prior }) => prior === name);
    return own.length === 0 ? undefined : own.reduce((a, b) => (mean(b.cosines) > mean(a.cosines) ? b : a));
  };
  const told = ["text embedding", "diffusion prior", "autoregressive prior"].flatMap((name) => {
    const found = best(name);
    if (found === undefined) return [];
    const words = wordsOf(found.settings, found.candidates).join(", ");
    return [`${name}${words === "" ? "" : ` at best (${words})`} ${mean(found.cosines).toFixed(3)}`];
  });
  const pointOf = ({ cosines }: Measured) => {
    const [y, error] = [mean(cosines), 1.96 * standardError(cosines)];
    return { y, low: y - error, high: y + error };
  };
  const diffusion = measured.filter(({ prior, candidates }) => prior === "diffusion prior" && candidates === 1);
  const autoregressive = measured.filter(
    ({ prior, candidates, settings }) =>
      prior === "autoregressive prior" && candidates === 1 && settings.guidanceScale === 1,
  );
  const text = measured[0]!;
  return {
    findings: [`Mean cosine to the embedding of the real picture: ${told.join("; ")}.`],
    tables: [
      {
        title: "Cosine to the embedding of the real picture",
        columns: [
          { name: "prior" },
          { name: "settings" },
          { name: "mean", digits: 4 },
          { name: "standard error", digits: 4 },
        ],
        rows: measured.map(({ prior, settings, candidates, cosines }) => [
          prior,
          wordsOf(settings, candidates).join(", "),
          mean(cosines),
          standardError(cosines),
        ]),
      },
    ],
    plots: [
      {
        title: "The diffusion prior by steps and guidance",
        kind: "lines" as const,
        x: "steps",
        y: "cosine to the true embedding, mean",
        points: diffusion
          .flatMap((one) => [
            { series: `guidance ${one.settings.guidanceScale}`, x: one.settings.steps!, ...pointOf(one) },
          ])
          .concat(STEPS.map((x) => ({ series: text.prior, x, ...pointOf(text) }))),
      },
      {
        title: "The autoregressive prior by temperature",
        kind: "lines" as const,
        x: "temperature",
        y: "cosine to the true embedding, mean",
        points: autoregressive
          .map((one) => ({ series: one.prior, x: one.settings.temperature!, ...pointOf(one) }))
          .concat(TEMPERATURES.map((x) => ({ series: text.prior, x, ...pointOf(text) }))),
      },
    ].filter(({ points }) => points.some(({ series }) => series !== text.prior)),
    sheets: [],
  };
}
