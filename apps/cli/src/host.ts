import { encodePng, inspectModel, loadClip, loadUnclip } from "unclip";
import { quantizeModel } from "unclip/quantize";
import { createOutput } from "./output.js";

/** What the commands need from the front door. */
export interface Engine {
  readonly loadUnclip: typeof loadUnclip;
  readonly loadClip: typeof loadClip;
  readonly inspectModel: typeof inspectModel;
  readonly encodePng: typeof encodePng;
  readonly quantizeModel: typeof quantizeModel;
}

/** A stream of text, possibly a terminal. */
export interface Output {
  /** Never throws: {@link failure} tells what went wrong. */
  write(text: string): void;
  /** Once all is written: what kept the output from taking it, if anything did. */
  failure(): Promise<NodeJS.ErrnoException | undefined>;
  readonly isTTY?: boolean;
  /** Size of the terminal, in character cells. */
  readonly columns?: number;
  readonly rows?: number;
}

/** Where signals arrive. `process` is one. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

/** The signals that stop a command between two steps. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Everything around a command, as the process that hosts it offers it. Tests put their own in its place. */
export interface Host {
  readonly engine: Engine;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  /** Milliseconds since some moment. */
  now(): number;
  /** Milliseconds of processor time that this process has taken so far, in all its threads. */
  cpuMs(): number;
  /** The most memory this process has had resident so far, in bytes. */
  peakRssBytes(): number;
}

/** This process as a host. */
export function processHost(): Host {
  return {
    engine: { loadUnclip, loadClip, inspectModel, encodePng, quantizeModel },
    stdout: createOutput(process.stdout),
    stderr: createOutput(process.stderr),
    env: process.env,
    signals: process,
    now: () => performance.now(),
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e3;
    },
    peakRssBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}
