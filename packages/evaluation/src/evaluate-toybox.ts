import {
  checkAborted,
  concatRows,
  createRun,
  nextTask,
  rows,
  UnclipError,
  type Picture,
  type Run,
  type Tensor,
} from "@unclip/tensor";
import { frechetDistance, gaussianOf, type Gaussian } from "./frechet-distance.js";
import type { Oracle } from "./oracle.js";
import type { Scene } from "./scene.js";
import { judge, scoreOf, type Measure, type Verdict } from "./score.js";
import type { ToyboxBenchmark, ToyboxCase } from "./toybox-benchmark.js";
import type { Score } from "./wilson-interval.js";
import { zeroShotScores, type ClipEncoders, type Vocabulary, type ZeroShotScores } from "./zero-shot.js";

/** Options of {@link evaluateToybox}. */
export interface EvaluateToyboxOptions extends Pick<ToyboxBenchmark, "oracle" | "statistics"> {
  /** The captions to paint. */
  readonly cases: readonly ToyboxCase[];
  /** Paints one picture of each caption, of any size, from the seed in its place. */
  readonly generate: (captions: readonly string[], seeds: readonly bigint[]) => Promise<readonly Picture[]>;
  /** Judges CLIP too, if given. */
  readonly clip?: ClipEncoders;
  /** Seed of the first picture; the i-th has seed + i, so that batches do not matter. Default 0. */
  readonly seed?: number | bigint;
  /** Captions that are painted together, 1 or more; default 8. */
  readonly batchSize?: number;
  /** Stops between two batches with UnclipError "aborted". */
  readonly signal?: AbortSignal;
}

/** How far an evaluation is. */
export interface EvaluationStep {
  readonly stage: "captions" | "real renders" | "zero-shot";
  readonly step: number;
  readonly steps: number;
}

/** What is known of one caption's picture. */
export interface JudgedCaption {
  readonly caption: string;
  readonly heldOut?: string;
  /** What the oracle sees. */
  readonly seen: Scene;
  readonly verdict: Verdict;
}

/** How well a model paints the toybox world: plain JSON. */
export interface ToyboxEvaluation {
  /** Pictures of captions whose combinations were trained on. */
  readonly generated: Record<Measure, Score>;
  /** Pictures of captions whose combinations were held out. */
  readonly heldOut: Record<Measure, Score>;
  /** Real renders of all those captions: what the oracle gets right. */
  readonly real: Record<Measure, Score>;
  /** Distance to the statistics of real renders, of the generated pictures and of as many real renders, held-out combinations
   * left out; null for fewer than two pictures. */
  readonly frechetDistance: { readonly generated: number; readonly real: number } | null;
  /** Of CLIP on the real renders of one thing; null without a CLIP. */
  readonly zeroShot: ZeroShotScores | null;
  readonly captions: readonly JudgedCaption[];
}

/** What an evaluation returns: its result, and the pictures in the order of the captions. */
export interface EvaluatedToybox {
  readonly evaluation: ToyboxEvaluation;
  readonly pictures: readonly Picture[];
}

/** Paints the captions of the benchmark and tells what came of them.
 * @returns a run over the pictures whose result is what came of them
 * @throws UnclipError "input" if there is no caption, "aborted" if the signal fires */
export function evaluateToybox(options: EvaluateToyboxOptions): Run<EvaluatedToybox, EvaluationStep> {
  return createRun(() => evaluate(options));
}

async function* evaluate(options: EvaluateToyboxOptions): AsyncGenerator<EvaluationStep, EvaluatedToybox> {
  const { cases, oracle, statistics, clip, signal } = options;
  if (cases.length === 0) throw new UnclipError("input", "cases: expected one or more, got none");
  const painted = yield* paintAndRead(options);
  const real = yield* readRenders(options);
  let zeroShot: ZeroShotScores | null = null;
  if (clip !== undefined) {
    yield { stage: "zero-shot", step: 0, steps: 1 };
    zeroShot = await zeroShotScores(clip, cases, vocabularyOf(oracle), signal);
    yield { stage: "zero-shot", step: 1, steps: 1 };
  }

  const captions = cases.map(({ caption, claim, heldOut }, i) => {
    const seen = painted.seen[i]!.scene;
    return { caption, ...(heldOut !== undefined && { heldOut }), seen, verdict: judge(claim, seen) };
  });
  const known = (_: unknown, i: number) => cases[i]!.heldOut === undefined;
  const verdicts = (some: readonly JudgedCaption[]) => some.map(({ verdict }) => verdict);
  const [generated, rendered] = [painted.seen, real].map((seen) => distanceTo(statistics, seen.filter(known)));
  const evaluation = {
    generated: scoreOf(verdicts(captions.filter(known))),
    heldOut: scoreOf(verdicts(captions.filter(({ heldOut }) => heldOut !== undefined))),
    real: scoreOf(cases.map(({ claim }, i) => judge(claim, real[i]!.scene))),
    frechetDistance: generated === undefined || rendered === undefined ? null : { generated, real: rendered },
    zeroShot,
    captions,
  };
  return { evaluation, pictures: painted.pictures };
}

/** What the oracle sees in one picture. */
interface Seen {
  readonly scene: Scene;
  /** [1, D] */
  readonly features: Tensor;
}

async function readEach(oracle: Oracle, pictures: readonly Picture[]): Promise<Seen[]> {
  const { scenes, features } = await oracle.read(pictures);
  return scenes.map((scene, i) => ({ scene, features: rows(features, i, i + 1) }));
}

async function* paintAndRead({ cases, oracle, generate, seed = 0, batchSize = 8, signal }: EvaluateToyboxOptions) {
  const [pictures, seen]: [Picture[], Seen[]] = [[], []];
  const steps = cases.length;
  for (let start = 0; start < steps; start += batchSize) {
    yield { stage: "captions", step: start, steps } as const;
    checkAborted(signal, "captions");
    const batch = cases.slice(start, start + batchSize).map(({ caption }) => caption);
    const seeds = batch.map((_, i) => BigInt(seed) + BigInt(start + i));
    const painted = await generate(batch, seeds);
    pictures.push(...painted);
    seen.push(...(await readEach(oracle, painted)));
  }
  yield { stage: "captions", step: steps, steps } as const;
  return { pictures, seen };
}

/** Real renders that the oracle reads at a time. */
const PART = 50;

async function* readRenders({ cases, oracle, signal }: EvaluateToyboxOptions) {
  const seen: Seen[] = [];
  const steps = cases.length;
  for (let start = 0; start < steps; start += PART) {
    yield { stage: "real renders", step: start, steps } as const;
    await nextTask();
    checkAborted(signal, "real renders");
    const part = cases.slice(start, start + PART).map(({ picture }) => picture);
    seen.push(...(await readEach(oracle, part)));
  }
  yield { stage: "real renders", step: steps, steps } as const;
  return seen;
}

function distanceTo(statistics: Gaussian, seen: readonly Seen[]): number | undefined {
  if (seen.length < 2) return undefined; // one picture has no covariance
  return frechetDistance(gaussianOf(concatRows(seen.map(({ features }) => features))), statistics);
}

function vocabularyOf({ config }: Oracle): Vocabulary {
  const valuesOf = (name: string) => config.heads.find((head) => head.name === name)!.values;
  return { shapes: valuesOf("first_shape"), colours: valuesOf("first_colour") };
}
