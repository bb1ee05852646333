import { anySignal } from "../any-signal.js";

/** Works on several items at the same time. The first failure stops the others, and is thrown when all of them have stopped.
 * @param work gets a signal that fires with `signal`, or when another item failed */
export async function forEachConcurrently<T>(
  items: readonly T[],
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal | undefined },
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = anySignal(stop.signal, signal);
  const queue = items.values(); // shared: each worker takes the next item
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    for (const item of queue) {
      if (either.aborted) return;
      await work(item, either).catch((error: unknown) => {
        failure ??= { error };
        stop.abort();
      });
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure !== undefined) throw failure.error;
}
