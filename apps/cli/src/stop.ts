import type { StopSignal, Host } from "./host.js";

/** Exit codes by the shell's convention: 128 and the signal's number. */
const exitCodes: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** One Ctrl-C can arrive twice, once from the terminal and once passed on by npm: what follows sooner is the same one. */
const repeatMs = 500;

/** A request to stop, which the user makes with Ctrl-C. */
export interface Stop {
  /** Fires with the first signal. */
  readonly signal: AbortSignal;
  /** Exit code of the signal that came; undefined while none has. */
  readonly exitCode: number | undefined;
  /** Listens no longer. */
  release(): void;
}

/** Turns the first SIGINT or SIGTERM into an abort. Soon after it the listeners go, so that the system's own handling ends the
 * process at the next signal, in the middle of a network's run too. */
export function stopOnSignals({ signals }: Pick<Host, "signals">): Stop {
  const controller = new AbortController();
  const names = Object.keys(exitCodes) as StopSignal[];
  let exitCode: number | undefined;
  const release = () => names.forEach((name) => signals.off(name, onSignal));
  function onSignal(name: StopSignal) {
    if (exitCode !== undefined) return;
    exitCode = exitCodes[name];
    controller.abort();
    setTimeout(release, repeatMs).unref();
  }
  names.forEach((name) => signals.on(name, onSignal));
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release,
  };
}
