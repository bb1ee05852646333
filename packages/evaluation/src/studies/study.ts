import type { Picture, Run, Random, Tensor, TextFeatures } from "@unclip/tensor";
import type { ToyboxBenchmark } from "../toybox-benchmark.js";
import type { Score } from "../wilson-interval.js";

/** A question that is answered by measurement. */
export interface Study {
  /** For commands and files, for example "inversion". */
  readonly name: string;
  readonly title: string;
  /** What is asked, and how it is measured. */
  readonly question: string;
  /** How many captions, pictures or pairs it takes where the caller does not say. */
  readonly count: number;
  /** What is counted, for example "pictures". */
  readonly unit: string;
  /** Measures.
   * @throws UnclipError "input" if the model lacks what the study needs, or the benchmark has not as many, "aborted" if the signal fires */
  run(options: StudyOptions): Run<StudyResult, StudyStep>;
}

/** Options of a study. */
export interface StudyOptions {
  readonly model: StudyModel;
  readonly benchmark: Pick<ToyboxBenchmark, "cases" | "oracle">;
  /** How many captions, pictures or pairs; default the study's own. */
  readonly count?: number;
  /** Seed of the first batch of pictures; the following ones have the next seeds. Default 0. */
  readonly seed?: number;
  /** Stops between two steps with UnclipError "aborted". */
  readonly signal?: AbortSignal;
}

/** How far a study is. */
export interface StudyStep {
  /** What is being measured, for example "25 steps". */
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
}

/** What a study found: plain JSON but for its sheets. */
export interface StudyResult {
  /** Sentences with the figures that matter. */
  readonly findings: readonly string[];
  readonly tables: readonly StudyTable[];
  readonly plots: readonly StudyPlot[];
  /** Pictures to look at. */
  readonly sheets: readonly StudySheet[];
}

/** A table; numbers are shown with the digits of their column. */
export interface StudyTable {
  readonly title: string;
  readonly columns: readonly { readonly name: string; readonly digits?: number }[];
  readonly rows: readonly (readonly StudyCell[])[];
}

/** A cell: a share with its interval is one, and null is nothing to say. */
export type StudyCell = string | number | Score | null;

/** A plot of one or more series. */
export interface StudyPlot {
  readonly title: string;
  /** Lines over numbers, or bars over words. */
  readonly kind: "lines" | "bars";
  /** Label of the x axis. */
  readonly x: string;
  /** Label of the y axis. */
  readonly y: string;
  /** Least and greatest y shown; default what the points need. */
  readonly range?: readonly [number, number];
  readonly points: readonly StudyPoint[];
}

/** A point of a plot. */
export interface StudyPoint {
  readonly series: string;
  readonly x: number | string;
  readonly y: number;
  /** Ends of an interval around y. */
  readonly low?: number;
  readonly high?: number;
}

/** Pictures in rows. */
export interface StudySheet {
  readonly title: string;
  /** Pictures in a row. */
  readonly columns: number;
  readonly pictures: readonly Picture[];
  /** What each row shows. */
  readonly rows: readonly string[];
}

/** What studies ask of a model; that of `unclip` fits. */
export interface StudyModel {
  generate(captions: readonly string[], request: StudyRequest): PromiseLike<StudyPainting>;
  vary(pictures: readonly Picture[], request: StudyVaryRequest): PromiseLike<StudyPainting>;
  edit(picture: Picture, request: StudyEditRequest): PromiseLike<StudyPainting>;
  readonly stages: StudyStages;
  readonly defaults: { readonly prior: { readonly steps: number; readonly guidanceScale: number } };
}

/** What a model painted. */
interface StudyPainting {
  readonly images: readonly Picture[];
}

/** A request of a study, as `unclip` takes it. */
interface StudyPaintRequest {
  readonly n?: number;
  readonly seed?: number;
  readonly decoder?: { readonly steps?: number; readonly guidanceScale?: number };
  readonly upsamplers?: number;
  readonly signal?: AbortSignal;
}

export interface StudyRequest extends StudyPaintRequest {
  readonly prior?: StudyPriorSettings | StudyPrior;
  readonly image?: Picture;
  readonly mask?: Picture;
}

interface StudyVaryRequest extends StudyPaintRequest {
  readonly eta?: number;
  readonly refinements?: number;
}

interface StudyEditRequest extends Omit<StudyPaintRequest, "n"> {
  readonly from: string;
  readonly to: string;
  readonly strength: number;
  readonly captions?: boolean;
  readonly frames?: number;
}

/** Settings of a prior. */
export interface StudyPriorSettings {
  readonly kind?: "diffusion" | "autoregressive" | "text-embedding" | "none";
  readonly steps?: number;
  readonly guidanceScale?: number;
  readonly candidates?: number;
  readonly temperature?: number;
}

/** A prior: text features to image embeddings, [N, D]. */
export interface StudyPrior {
  readonly name: string;
  embed(text: TextFeatures, options: StudyPriorOptions): PromiseLike<Tensor | undefined>;
}

export interface StudyPriorOptions extends Omit<StudyPriorSettings, "kind" | "candidates"> {
  readonly random: Random;
  readonly negative?: TextFeatures;
  readonly signal?: AbortSignal;
}

/** The stages that studies look into. */
interface StudyStages {
  /** Absent where the decoder paints pictures without captions. */
  readonly textEncoder?: { embed(captions: readonly string[]): Promise<TextFeatures> };
  readonly imageEncoder?: { embed(pictures: readonly Picture[]): Promise<Tensor> };
  readonly prior?: StudyPrior;
  readonly autoregressivePrior?: StudyPrior;
  readonly decoder: { readonly space: { shape(n: number): readonly number[] } };
}
