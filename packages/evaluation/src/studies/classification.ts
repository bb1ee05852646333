import { createRun, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import { pairedCosines } from "../clip-similarity.js";
import { describeClaim } from "../describe.js";
import type { Claim } from "../scene.js";
import { createScore } from "../wilson-interval.js";
import { barOf, casesOf, embedPictures, embedTexts, inBatches, percent } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";

/** What CLIP is asked about, with what a claim says of it and how another answer changes the claim. */
interface Subject {
  readonly name: string;
  /** The oracle's head that lists the answers. */
  readonly head: string;
  readonly told: (claim: Claim) => string | undefined;
  readonly changed: (claim: Claim, value: string) => Claim;
}

const thing = (name: "shape" | "colour" | "size" | "material"): Subject => ({
  name: `${name} of the first thing`,
  head: `first_${name}`,
  told: ({ things }) => things[0]![name],
  changed: (claim, value) => ({
    ...claim,
    things: claim.things.map((each, i) => (i === 0 ? { ...each, [name]: value } : each)),
  }),
});

const SUBJECTS: readonly Subject[] = [
  thing("shape"),
  thing("colour"),
  thing("size"),
  thing("material"),
  {
    name: "relation",
    head: "relation",
    told: ({ relation }) => relation,
    changed: (claim, relation) => ({ ...claim, relation }),
  },
  { name: "ground", head: "ground", told: ({ ground }) => ground, changed: (claim, ground) => ({ ...claim, ground }) },
  { name: "style", head: "style", told: ({ style }) => style, changed: (claim, style) => ({ ...claim, style }) },
];

export const classification: Study = {
  name: "classification",
  title: "What does CLIP itself tell apart?",
  question:
    "Zero-shot classification of real pictures: of the captions that differ in one word alone, is the right one the nearest by cosine? A picture is asked about " +
    "only what its caption says. What CLIP does not tell apart no embedding can carry to the decoder.",
  count: 400,
  unit: "pictures",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { benchmark } = options;
  const cases = casesOf(options, classification.count);
  const imageEmbedding = yield* embedAll("pictures", cases, (batch) =>
    embedPictures(
      batch.map(({ picture }) => picture),
      options,
    ),
  );
  const answersOf = ({ head }: Subject) =>
    benchmark.oracle.config.heads.find(({ name }) => name === head)!.values.filter((value) => !NOTHING.includes(value));
  const questions = cases.flatMap(({ claim }, row) =>
    SUBJECTS.flatMap((subject) => {
      const truth = subject.told(claim);
      if (truth === undefined) return [];
      const answers = answersOf(subject);
      const captions = answers.map((value) => describeClaim(subject.changed(claim, value)));
      return [{ row, subject: subject.name, things: claim.things.length, truth: answers.indexOf(truth), captions }];
    }),
  );
  const captions = [...new Set(questions.flatMap((question) => question.captions))];
  const textEmbedding = yield* embedAll("captions", captions, (batch) => embedTexts(batch, options));
  const placeOf = new Map(captions.map((caption, i) => [caption, i]));
  const right = questions.map((question) => {
    const cosines = question.captions.map((caption) => {
      const [u, v] = [oneRow(imageEmbedding, question.row), oneRow(textEmbedding, placeOf.get(caption)!)];
      return pairedCosines(u, v)[0]!;
    });
    return cosines.indexOf(Math.max(...cosines)) === question.truth;
  });

  return report(
    SUBJECTS.map((subject) => ({
      name: subject.name,
      answers: answersOf(subject).length,
      scores: [1, 2].map((things) => {
        const own = right.filter((_, i) => questions[i]!.subject === subject.name && questions[i]!.things === things);
        return createScore(own.filter(Boolean).length, own.length);
      }),
    })),
  );
}

/** Where the oracle says that there is no second thing, or no relation. */
const NOTHING = ["absent", "none"];

async function* embedAll<Item>(
  stage: string,
  items: readonly Item[],
  embed: (batch: readonly Item[]) => Promise<Tensor>,
): AsyncGenerator<StudyStep, Tensor> {
  const work = async (batch: readonly Item[]) => {
    const embedded = await embed(batch);
    return batch.map((_, i) => oneRow(embedded, i));
  };
  const embedded = yield* inBatches(stage, items, work, { size: 50 });
  const width = embedded[0]!.dims[1]!;
  const out = new Float32Array(embedded.length * width);
  embedded.forEach((row, i) => out.set(valuesOf(row), i * width));
  return tensor(out, [embedded.length, width]);
}

/** A row of embeddings, [1, D], without a copy. */
function oneRow(x: Tensor, row: number): Tensor {
  const width = x.dims[1]!;
  return tensor(valuesOf(x).subarray(row * width, (row + 1) * width), [1, width]);
}

interface Classified {
  readonly name: string;
  readonly answers: number;
  /** Of pictures of one thing, and of two. */
  readonly scores: readonly ReturnType<typeof createScore>[];
}

function report(classified: readonly Classified[]): StudyResult {
  const groups = ["one thing", "two things"];
  const asked = classified.flatMap(({ name, answers, scores }) =>
    scores.map((score, i) => ({ name, answers, group: groups[i]!, score })),
  );
  const worst = asked
    .filter(({ score }) => score.total > 0)
    .reduce((a, b) => (b.score.share! < a.score.share! ? b : a));
  return {
    findings: [
      `CLIP is worst at the ${worst.name} in pictures of ${worst.group}: right in ${percent(worst.score.share)}, where guessing among ${worst.answers} gives ` +
        `${percent(1 / worst.answers)}.`,
    ],
    tables: [
      {
        title: "Right captions, of those that differ in one word",
        columns: [{ name: "" }, { name: "answers", digits: 0 }, ...groups.map((name) => ({ name }))],
        rows: classified.map(({ name, answers, scores }) => [name, answers, ...scores]),
      },
    ],
    plots: [
      {
        title: "Zero-shot classification of real pictures",
        kind: "bars",
        x: "",
        y: "share of right captions",
        range: [0, 1],
        points: asked
          .filter(({ score }) => score.total > 0)
          .map(({ name, group, score }) => ({
            series: group,
            x: name.replace(" of the first thing", ""),
            ...barOf(score),
          })),
      },
    ],
    sheets: [],
  };
}
