import type { NoiseSchedule, SampleStep } from "@unclip/sampler";
import { checkAborted, nextTask, type Picture, type Run, type Tensor } from "@unclip/tensor";
import { stepInside, type SeenStep, type StepInside } from "./step-inside.js";

/** Progress: `step` of `steps` of one stage is done. Step 0 says that the stage begins. */
export interface StageStep {
  /** "clip", "prior", "decoder", "autoencoder" (of a decoder of latents), "upsampler-1", "upsampler-2", ... */
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  /** The pictures as they look at this step, where the stage makes pictures. Computed when called. */
  readonly preview?: () => Promise<Picture[]>;
  /** What the step did, in numbers, where the stage samples in time. Computed when called. */
  readonly inside?: () => Promise<StepInside>;
}

/** Time one stage took. */
export interface StageTiming {
  readonly name: string;
  readonly steps: number;
  /** Milliseconds, loading included. */
  readonly ms: number;
}

/** What a stage says of its own steps. One that draws no sample step by step has no x0. */
type Progress = Pick<SampleStep, "step" | "steps"> & Partial<SampleStep> & Pick<SeenStep, "embeddingOf">;

/** A stage that is about to run. */
export interface Stage<T> {
  readonly name: string;
  /** Steps that are known beforehand; default 1, of a stage that shows none. */
  readonly steps?: number;
  /** Begins the work. */
  readonly work: () => Run<T, Progress> | PromiseLike<T>;
  /** How the stage's x0 looks, where it makes pictures. */
  readonly preview?: (x0: Tensor) => Promise<Picture[]>;
  /** The noise that its steps go along, where it samples in time. */
  readonly schedule?: NoiseSchedule;
}

/** Runs stages one after another, passes their steps on as progress, and notes the time each took. */
export interface Timeline {
  readonly timings: readonly StageTiming[];
  /** @returns a generator of the stage's steps that returns its result */
  run<T>(stage: Stage<T>): AsyncGenerator<StageStep, T>;
}

/** A timeline on which nothing has run yet.
 * @param signal stops before the next stage */
export function createTimeline(signal?: AbortSignal): Timeline {
  const timings: StageTiming[] = [];
  return {
    timings,
    async *run({ name, steps: planned = 1, work, preview, schedule }) {
      checkAborted(signal, name);
      const start = performance.now();
      yield { stage: name, step: 0, steps: planned };
      await nextTask(); // what was shown is painted before the work begins
      const running = work();
      let steps = planned;
      let reached = 0;
      if (Symbol.asyncIterator in running) {
        for await (const progress of running) {
          const { step, steps: all, x0, evaluation } = progress;
          [reached, steps] = [step, all];
          yield {
            stage: name,
            step,
            steps,
            ...(preview && x0 && { preview: () => preview(x0) }),
            ...(schedule &&
              x0 &&
              evaluation && { inside: async () => stepInside({ ...progress, x0, evaluation }, schedule) }),
          };
        }
      }
      const result = await running;
      if (reached < steps) yield { stage: name, step: steps, steps };
      timings.push({ name, steps, ms: performance.now() - start });
      return result;
    },
  };
}
