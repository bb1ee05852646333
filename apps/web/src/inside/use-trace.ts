import { useRef, useState } from "preact/hooks";
import { isUnclipError } from "unclip/worker";
import type { Painter } from "../painter/use-painter.js";
import { wordsOf } from "../painter/words.js";
import { emptyTrace, withStep, type Trace } from "./trace.js";

/** What to look at. */
export interface LookOptions {
  readonly caption: string;
  readonly seed: number;
}

/** Watches the pipeline at work. */
export function useTrace(painter: Painter) {
  const [trace, setTrace] = useState<Trace>();
  const [says, setSays] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const controller = useRef<AbortController | undefined>(undefined);

  async function look({ caption, seed }: LookOptions): Promise<void> {
    const { signal } = (controller.current = new AbortController());
    const unclip = painter.unclip();
    let now = emptyTrace(caption);
    const show = (changes: Partial<Trace>) => setTrace((now = { ...now, ...changes }));
    setProblem(undefined);
    show({});
    try {
      setSays("reading the caption");
      show({ tokens: await unclip.tokenize(caption) });
      show({ textEmbedding: await unclip.embedCaptions([caption]) });
      const run = unclip.generate(caption, { seed, signal });
      for await (const step of run) {
        setSays(wordsOf(step));
        if (step.inside) show(withStep(now, step, await step.inside()));
      }
      show({ picture: (await run).images[0] });
    } catch (error) {
      if (!isUnclipError(error, "aborted")) setProblem((error as Error).message);
    } finally {
      setSays(undefined);
    }
  }

  return { trace, says, problem, look, stop: () => controller.current?.abort() };
}
