import type { Session } from "./session.js";

/** A network that opened or closed. */
export interface RuntimeEvent {
  readonly type: "opened" | "closed";
  /** The graph's name, for example "decoder". */
  readonly network: string;
  /** What its weights take in memory as float32. */
  readonly weightBytes: number;
  /** How long opening or closing took. */
  readonly durationMs: number;
}

/** A network that can be opened. */
export interface Openable {
  readonly name: string;
  readonly weightBytes: number;
  /** One that runs in turns with this one, so that neither closes to make room for the other. */
  readonly besides?: Openable;
  open(): Promise<Session>;
}

/** Options of {@link createResidency}. */
export interface ResidencyOptions {
  /** Weights that may stay in memory together. */
  readonly residentBytes: number;
  readonly onEvent?: (event: RuntimeEvent) => void;
}

/** The open networks of a runtime. */
export interface Residency {
  /** The session of a network: open already, or opened after others were closed to make room, those first that ran longest ago. */
  acquire(network: Openable): Promise<Session>;
  /** Closes all. */
  clear(): Promise<void>;
}

/** Keeps networks open as long as their weights fit together. One call at a time. */
export function createResidency({ residentBytes, onEvent }: ResidencyOptions): Residency {
  const resident = new Map<Openable, Session>(); // in the order of their last use

  const timed = async <T>(type: RuntimeEvent["type"], { name, weightBytes }: Openable, work: () => Promise<T>) => {
    const started = performance.now();
    const result = await work();
    return { result, event: { type, network: name, weightBytes, durationMs: performance.now() - started } };
  };
  const open = async (network: Openable) => {
    const { result, event } = await timed("opened", network, () => network.open());
    resident.set(network, result);
    onEvent?.(event);
    return result;
  };
  const close = async (network: Openable, session: Session) => {
    resident.delete(network);
    const { event } = await timed("closed", network, () => session.release()); // whether anybody listens or not
    onEvent?.(event);
  };
  const makeRoomFor = async (network: Openable) => {
    let bytes = [...resident.keys()].reduce((sum, { weightBytes }) => sum + weightBytes, network.weightBytes);
    for (const [other, session] of resident) {
      if (bytes <= residentBytes) return;
      if (other.besides === network || network.besides === other) continue;
      bytes -= other.weightBytes;
      await close(other, session);
    }
  };

  return {
    async acquire(network) {
      const session = resident.get(network);
      if (session === undefined) {
        await makeRoomFor(network);
        return open(network);
      }
      resident.delete(network);
      resident.set(network, session);
      return session;
    },
    async clear() {
      for (const [network, session] of resident) await close(network, session);
    },
  };
}
