import { UnclipError } from "@unclip/tensor";
import { anySignal } from "./any-signal.js";

/** When the hub must have told what a model consists of. */
export interface ListingDeadline {
  /** What the message calls the model. */
  readonly name: string;
  readonly endpoint: string;
  readonly listingTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Runs `work`, which asks the hub about a model, with a limit on its whole time: a server that sends a byte now and then is
 * never silent, and never done.
 * @param work gets a signal that fires with `signal`, or when the time is up
 * @throws UnclipError "download" if the time is up */
export async function withDeadline<T>(
  { name, endpoint, listingTimeoutMs, signal }: ListingDeadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), listingTimeoutMs);
  try {
    return await work(anySignal(deadline.signal, signal));
  } catch (cause) {
    if (!deadline.signal.aborted || signal?.aborted) throw cause;
    throw new UnclipError(
      "download",
      `${name}: ${endpoint} did not list the model's files within ${listingTimeoutMs / 1000} s; check the connection and try again`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}
