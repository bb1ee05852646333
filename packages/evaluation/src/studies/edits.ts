import { createRun, type Picture } from "@unclip/tensor";
import { describeClaim } from "../describe.js";
import type { Claim, Scene } from "../scene.js";
import { createScore, type Score } from "../wilson-interval.js";
import { atDecoderSize, barOf, casesOf, inBatches, percent, readAll } from "./paint.js";
import type { Study, StudyOptions, StudyResult, StudyStep } from "./study.js";

/** Frames of each strip: θ from 0 to MOST. */
const [FRAMES, MOST] = [5, 0.4];

/** What the decoder is told on the way back. */
const WAYS = [
  { name: "embedding alone", captions: false },
  { name: "embedding and captions", captions: true },
];

/** Steps of an inversion and of the way back. */
const STEPS = 10;

/** Pictures on the sheet. */
const SHOWN = 10;

/** What became of a picture at one strength. */
interface Outcome {
  /** The style is the one that was asked for. */
  readonly changed: boolean;
  /** Number, shape and colour of the things, where they stand, and the ground are as they were. */
  readonly kept: boolean;
  /** Size and material too. */
  readonly keptAll: boolean;
}

interface Edit {
  readonly claim: Claim;
  readonly picture: Picture;
  readonly style: string;
}

export const edits: Study = {
  name: "edits",
  title: "Does a text diff change the style and keep the scene?",
  question:
    "A real picture of one style is edited towards the same caption in another style, at growing strengths θ: by the embedding alone, as in the paper, and with a " +
    "decoder that reads the captions too. An oracle, a network trained on real renders " +
    "alone, reads the pictures: is the style the one that was asked for, and is all else as in the picture itself (number, shapes, colours, relation and ground; " +
    "with size and material in a column of its own)?",
  count: 200,
  unit: "pictures",
  run: (options) => createRun(() => measure(options)),
};

async function* measure(options: StudyOptions): AsyncGenerator<StudyStep, StudyResult> {
  const { model, benchmark, signal } = options;
  const styles = benchmark.oracle.config.heads.find(({ name }) => name === "style")!.values;
  const wanted = casesOf(options, edits.count).map(({ claim, picture }, i): Edit => {
    const others = styles.filter((style) => style !== claim.style);
    return { claim, picture, style: others[i % others.length]! };
  });
  const before = await readAll(
    wanted.map(({ picture }) => picture),
    options,
  );
  const measured: Measured[] = [];
  for (const { name, captions } of WAYS) {
    const edit = async ([{ claim, picture, style }]: readonly Edit[]) => {
      const texts = { from: describeClaim(claim), to: describeClaim({ ...claim, style }) };
      const settings = { captions, strength: MOST, frames: FRAMES, decoder: { steps: STEPS }, upsamplers: 0, signal };
      return [(await model.edit(picture, { ...texts, ...settings })).images];
    };
    const strips = yield* inBatches(name, wanted, edit, { signal, size: 1 });
    const after = await readAll(strips.flat(), options);
    const outcomes = wanted.map(({ style }, i) =>
      after.slice(i * FRAMES, (i + 1) * FRAMES).map((scene) => outcomeOf(before[i]!, scene, style)),
    );
    measured.push({ way: name, strips, rows: rowsOf(outcomes) });
  }
  return report(measured, wanted, options);
}

function outcomeOf(before: Scene, after: Scene, style: string): Outcome {
  const told = (scene: Scene, attributes: readonly ("shape" | "colour" | "size" | "material")[]) =>
    JSON.stringify([
      scene.things.map((thing) => attributes.map((name) => thing[name])),
      scene.relation ?? null,
      scene.ground,
    ]);
  const kept = told(before, ["shape", "colour"]) === told(after, ["shape", "colour"]);
  const all = ["shape", "colour", "size", "material"] as const;
  return { changed: after.style === style, kept, keptAll: told(before, all) === told(after, all) };
}

/** How often a strength did what it should. */
interface Row {
  readonly theta: number;
  readonly changed: Score;
  readonly kept: Score;
  readonly both: Score;
  readonly all: Score;
}

interface Measured {
  readonly way: string;
  readonly strips: readonly (readonly Picture[])[];
  readonly rows: readonly Row[];
}

function rowsOf(outcomes: readonly (readonly Outcome[])[]): Row[] {
  const share = (k: number, test: (outcome: Outcome) => boolean) =>
    createScore(outcomes.filter((frames) => test(frames[k]!)).length, outcomes.length);
  return Array.from({ length: FRAMES }, (_, k) => ({
    theta: (MOST * k) / (FRAMES - 1),
    changed: share(k, ({ changed }) => changed),
    kept: share(k, ({ kept }) => kept),
    both: share(k, ({ changed, kept }) => changed && kept),
    all: share(k, ({ changed, keptAll }) => changed && keptAll),
  }));
}

function report(measured: readonly Measured[], wanted: readonly Edit[], { model }: StudyOptions): StudyResult {
  const findings = measured.map(({ way, rows }) => {
    const best = rows.reduce((a, b) => (b.both.right > a.both.right ? b : a));
    return (
      `With the ${way}, at strength ${best.theta.toFixed(1)}, the best of these, ${percent(best.both.share)} of ${wanted.length} pictures have the style that was ` +
      `asked for and all else as it was (${percent(best.changed.share)} the style, ${percent(best.kept.share)} all else).`
    );
  });
  const first = wanted.slice(0, SHOWN);
  return {
    findings,
    tables: [
      {
        title: "What became of the pictures",
        columns: [
          { name: "decoder reads" },
          { name: "strength", digits: 1 },
          { name: "style changed" },
          { name: "scene kept" },
          { name: "both" },
          { name: "both, size and material too" },
        ],
        rows: measured.flatMap(({ way, rows }) =>
          rows.map(({ theta, changed, kept, both, all }) => [way, theta, changed, kept, both, all]),
        ),
      },
    ],
    plots: measured.map(({ way, rows }) => ({
      title: `Text diffs towards another style: ${way}`,
      kind: "lines" as const,
      x: "strength θ",
      y: "share of pictures",
      range: [0, 1] as const,
      points: Object.entries(SERIES).flatMap(([series, key]) =>
        rows.map((row) => ({ series, x: row.theta, ...barOf(row[key]) })),
      ),
    })),
    sheets: measured.map(({ way, strips }) => ({
      title: `The first pictures, edited: ${way}; strength ${rowsText(measured[0]!.rows)} from the left`,
      columns: FRAMES + 1,
      pictures: first.flatMap(({ picture }, i) => [atDecoderSize(picture, model), ...strips[i]!]),
      rows: first.map(({ claim, style }) => `${describeClaim(claim)}, towards ${describeClaim({ ...claim, style })}`),
    })),
  };
}

const SERIES = { "style changed": "changed", "scene kept": "kept", both: "both" } as const;

function rowsText(rows: readonly Row[]): string {
  return rows.map(({ theta }) => theta.toFixed(1)).join(", ");
}
