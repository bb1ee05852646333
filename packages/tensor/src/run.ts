import { UnclipError } from "./errors.js";

/** Work that is on its way: awaited for its result, iterated for its steps, or both. The work is done once.
 *
 * It starts when it is first awaited or iterated. While it is only iterated, it goes on when the next step is asked for; leaving the
 * loop stops it between two steps, and whoever awaits it then gets UnclipError "aborted". An error reaches whoever awaits or
 * iterates, and is no unhandled rejection if nobody does.
 *
 * Inside another run, `const result = yield* run` passes the steps on and gives the result. */
export interface Run<Result, Step> extends PromiseLike<Result>, AsyncIterable<Step, Result, undefined> {}

/** A run of what `work` does: its yields are the steps, what it returns is the result. */
export function createRun<Result, Step>(work: () => AsyncGenerator<Step, Result>): Run<Result, Step> {
  let steps: AsyncGenerator<Step, Result> | undefined;
  let last: Promise<void> | undefined; // the step that is being made
  let outcome: Promise<Result> | undefined; // set when the work has ended
  const queues = new Set<Step[]>(); // one for each loop

  const end = (result: Promise<Result>) => {
    outcome = result;
    result.catch(() => undefined); // whoever awaits or iterates gets the error
  };
  /** Makes one step, or waits for the one that is being made. */
  const advance = (): Promise<void> => {
    last ??= makeStep().finally(() => (last = undefined));
    return last;
  };
  async function makeStep(): Promise<void> {
    try {
      const next = await (steps ??= work()).next();
      if (next.done) end(Promise.resolve(next.value));
      else for (const queue of queues) queue.push(next.value);
    } catch (error) {
      end(Promise.reject(error as Error));
    }
  }
  async function finish(): Promise<Result> {
    while (outcome === undefined) await advance();
    return outcome;
  }
  async function stop(): Promise<void> {
    await last;
    if (outcome !== undefined) return;
    end(Promise.reject(new UnclipError("aborted", "run: stopped, because the loop over its steps was left")));
    await steps?.return(undefined as never);
  }

  let result: Promise<Result> | undefined;
  return {
    then: (onResult, onError) => (result ??= finish()).then(onResult, onError),
    async *[Symbol.asyncIterator]() {
      const queue: Step[] = [];
      queues.add(queue);
      try {
        for (;;) {
          while (queue.length > 0) yield queue.shift()!;
          if (outcome !== undefined) break;
          await advance();
        }
        return await outcome;
      } finally {
        queues.delete(queue);
        await stop();
      }
    },
  };
}
