import type { SampleStep } from "@unclip/sampler";
import type { Picture, Tensor } from "@unclip/tensor";
import type { StageStep, StageTiming } from "./types.js";

/** Runs stages one after another, passes their steps on as progress, and notes the time each took. */
export interface StageRunner {
  readonly timings: readonly StageTiming[];
  /** @param preview how the stage's x0 looks, where it makes pictures */
  run<T>(
    name: string,
    steps: number,
    work: AsyncGenerator<SampleStep, T>,
    preview?: (x0: Tensor) => Picture[],
  ): AsyncGenerator<StageStep, T>;
}

/** A runner that has run nothing yet. */
export function createStageRunner(): StageRunner {
  const timings: StageTiming[] = [];
  return {
    timings,
    async *run(name, steps, work, preview) {
      const start = performance.now();
      yield { stage: name, step: 0, steps };
      let reached = 0;
      for (;;) {
        const next = await work.next();
        if (next.done) {
          if (reached < steps) yield { stage: name, step: steps, steps };
          timings.push({ name, steps, ms: performance.now() - start });
          return next.value;
        }
        const { step, x0 } = next.value;
        reached = step;
        yield { stage: name, step, steps, ...(preview && { preview: () => preview(x0) }) };
      }
    },
  };
}

/** Work of a single step, as a generator. */
// eslint-disable-next-line require-yield -- there is nothing to show before it is done
export async function* once<T>(work: () => Promise<T>): AsyncGenerator<SampleStep, T> {
  return work();
}
