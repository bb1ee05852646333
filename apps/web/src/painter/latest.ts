import { isUnclipError } from "unclip/worker";

/** Work that is begun anew while it runs: the one that runs is stopped, and of those that wait only the newest is done. */
export function createLatest(): (work: (signal: AbortSignal) => Promise<void>) => Promise<void> {
  let next: ((signal: AbortSignal) => Promise<void>) | undefined;
  let controller: AbortController | undefined;
  let last = Promise.resolve();

  async function workOff(): Promise<void> {
    while (next !== undefined) {
      const work = next;
      next = undefined;
      controller = new AbortController();
      try {
        await work(controller.signal);
      } catch (error) {
        if (!isUnclipError(error, "aborted")) throw error;
      }
    }
  }

  return (work) => {
    const isIdle = next === undefined && controller === undefined;
    next = work;
    controller?.abort();
    if (isIdle) last = workOff().finally(() => (controller = undefined));
    return last;
  };
}
