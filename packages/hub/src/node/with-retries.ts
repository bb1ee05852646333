import { checkAborted, type UnclipError } from "@unclip/tensor";
import { setTimeout as sleep } from "node:timers/promises";
import type { HubSettings } from "./settings.js";

/** A failure that may pass: the server is busy, or the connection broke. */
export class Interruption extends Error {
  constructor(
    /** What the caller gets if it does not pass. */
    readonly final: UnclipError,
    /** The pause that the server asks for. */
    readonly waitMs?: number,
  ) {
    super(final.message);
  }
}

/** The growing pauses stop growing here. */
const LONGEST_WAIT_MS = 30_000;

/** Repeats `attempt` while it is interrupted, with growing pauses, until `retries` in a row brought nothing new.
 * @param received what has arrived so far, in bytes: a repetition that brings more starts the count anew
 * @throws UnclipError that `attempt` threw last, or "aborted" if the signal fires */
export async function withRetries<T>(
  { name, retries, retryWaitMs, signal }: Pick<HubSettings, "name" | "retries" | "retryWaitMs" | "signal">,
  attempt: () => Promise<T>,
  received: () => number = () => 0,
): Promise<T> {
  let most = received();
  for (let failures = 0; ;) {
    checkAborted(signal, name);
    try {
      return await attempt();
    } catch (error) {
      checkAborted(signal, name);
      if (!(error instanceof Interruption)) throw error;
      failures = received() > most ? 1 : failures + 1;
      most = Math.max(most, received());
      if (failures > retries) throw error.final;
      await pause(error.waitMs ?? Math.min(retryWaitMs * 2 ** (failures - 1), LONGEST_WAIT_MS), signal);
    }
  }
}

/** Waits, or until `signal` fires. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
