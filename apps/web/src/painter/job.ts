import type { Generation, Picture, Recipe, Run, StageStep, UnclipWorker } from "unclip/worker";

/** Where something was asked for, and where its pictures are shown. */
export type Place = "generate" | "vary" | "mix" | "edit" | "inpaint" | "components";

/** A picture of a job: as it looks so far, or finished. */
export interface Shown {
  readonly picture: Picture;
  /** What it differs in from the job's other pictures. */
  readonly label?: string;
  /** Of a finished one: its recipe, and its number among the recipe's pictures, from 1. */
  readonly made?: { readonly recipe: Recipe; readonly index: number };
}

/** One thing that was asked for: on its way, done, stopped, or failed. */
export interface Job {
  readonly id: number;
  readonly title: string;
  readonly place: Place;
  readonly state: "running" | "done" | "stopped" | "failed";
  /** What is being done, in words; or what went wrong. */
  readonly says: string;
  /** The share of the stage at hand that is done, from 0 to 1. */
  readonly share: number;
  readonly pictures: readonly Shown[];
  /** Whether the pictures are the stages of one way, to be gone through. */
  readonly isFilm: boolean;
}

/** Begins a run of the model. */
type Begin = (unclip: UnclipWorker, signal: AbortSignal) => Run<Generation, StageStep>;

/** One of a job's runs, which follow one another. */
export interface Part {
  readonly begin: Begin;
  /** Labels of its pictures, in order; or, where they are not known before, of the finished ones. */
  readonly labels?: readonly string[] | ((recipe: Recipe) => readonly string[]);
}

/** What is asked of the painter. */
export interface Ask {
  readonly title: string;
  readonly place: Place;
  readonly parts: readonly Part[];
  readonly isFilm?: boolean;
}
