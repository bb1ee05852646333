import { checkAborted, type UnclipError } from "@unclip/tensor";
import { setTimeout as sleep } from "node:timers/promises";
import type { HubSettings } from "./settings.js";

/** A failure that may pass: the server is busy, or the connection broke. */
export class Interruption extends Error {
  constructor(
    /** What the caller gets if it does not pass. */
    readonly final: UnclipError,
    /** What the server asks to wait. */
    readonly waitMs?: number,
  ) {
    super(final.message);
  }
}

/** The wait after the first failure; it doubles with each further one. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Repeats `attempt` while it is interrupted, with growing pauses, until `retries` in a row brought nothing new.
 * @param received what has arrived so far, in bytes: a repetition that brings more starts the count anew */
export async function withRetries<T>(
  { name, retries, signal }: Pick<HubSettings, "name" | "retries" | "signal">,
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
      const pauseMs = error.waitMs ?? Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
      await pause(pauseMs, signal);
    }
  }
}

/** Waits, or until `signal` fires. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
