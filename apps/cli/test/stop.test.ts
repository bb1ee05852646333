import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stopOnSignals } from "../src/stop.js";
import type { SignalSource, StopSignal } from "../src/host.js";

describe("stopOnSignals", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const listen = () => {
    const emitter = new EventEmitter();
    const stop = stopOnSignals({ signals: emitter as unknown as SignalSource });
    return {
      stop,
      send: (name: StopSignal) => emitter.emit(name, name),
      listeners: () => emitter.listenerCount("SIGINT"),
    };
  };

  it.each<[StopSignal, number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("turns %s into an abort and exit code %i", (name, exitCode) => {
    const { stop, send } = listen();
    expect([stop.signal.aborted, stop.exitCode]).toEqual([false, undefined]);
    send(name);
    expect([stop.signal.aborted, stop.exitCode]).toEqual([true, exitCode]);
  });

  it("takes one Ctrl-C that arrives twice for one, and leaves a later one to the system", () => {
    const { send, listeners } = listen();
    send("SIGINT");
    send("SIGINT");
    expect(listeners()).toBe(1);
    vi.advanceTimersByTime(500);
    expect(listeners()).toBe(0);
  });

  it("listens no longer once released", () => {
    const { stop, listeners } = listen();
    stop.release();
    expect(listeners()).toBe(0);
  });
});
