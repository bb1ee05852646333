import type { Graph } from "@unclip/graph";
import { UnclipError, type Tensor } from "@unclip/tensor";
import { env, type Tensor as OrtTensor } from "onnxruntime-common";
import type { ModelFolder } from "./model-folder.js";

/** Named inputs of a network. */
export type Feeds = Readonly<Record<string, OrtTensor>>;

/** A network that is open in ONNX Runtime. */
export interface Session {
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** A network of a model: opened when it first runs, closed when its memory is needed, opened again when it runs again. */
export interface Network {
  readonly name: string;
  /** One forward computation. Runs of one runtime follow one another.
   * @returns the graph's outputs by name
   * @throws UnclipError "session" if ONNX Runtime refuses the graph or the inputs */
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
}

/** Where networks run, and how many of them stay in memory. */
export interface Runtime {
  /** Version of ONNX Runtime. */
  readonly version: string;
  /** A network over the weights in `folder`. Nothing is opened yet. */
  network(graph: Graph, folder: ModelFolder): Network;
  /** Closes every network; they open again if they run again. */
  dispose(): Promise<void>;
}

/** Options of `createRuntime`. */
export interface RuntimeOptions {
  /** Where networks run: "cpu" in Node, "wasm" in browsers; the default is the platform's. */
  readonly device?: "cpu" | "wasm";
  /** Keep every network in memory; default false: only as many as fit {@link residentBytes}. */
  readonly keep?: boolean;
  /** Weights that may stay in memory together, in bytes; the network that runs may always. Default 512 MiB:
   * small models stay, and of a large one only the network that runs. */
  readonly residentBytes?: number;
}

/** Opens a graph on the platform. */
export type OpenSession = (graph: Graph, folder: ModelFolder) => Promise<Session>;

/** A runtime over a platform's way of opening sessions. */
export function createRuntimeWith(open: OpenSession, options: RuntimeOptions): Runtime {
  const { keep = false, residentBytes = 512 * 2 ** 20 } = options;
  const budget = keep ? Infinity : residentBytes;
  const resident = new Map<Graph, Session>(); // least recently used first
  let last: Promise<unknown> = Promise.resolve();

  /** One thing at a time: a session must not be closed while another call runs it. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  };
  const close = async (graph: Graph, session: Session) => {
    resident.delete(graph);
    await session.release();
  };
  const acquire = async (graph: Graph, folder: ModelFolder): Promise<Session> => {
    let session = resident.get(graph);
    if (session === undefined) {
      let total = graph.weightBytes + [...resident.keys()].reduce((sum, { weightBytes }) => sum + weightBytes, 0);
      for (const [other, opened] of resident) {
        if (total <= budget) break;
        total -= other.weightBytes;
        await close(other, opened);
      }
      session = await asSessionError(`${graph.name}: cannot be opened`, () => open(graph, folder));
    }
    resident.delete(graph);
    resident.set(graph, session);
    return session;
  };

  return {
    version: env.versions.common,
    network: (graph, folder) => ({
      name: graph.name,
      run: (feeds) =>
        exclusively(async () => {
          const session = await acquire(graph, folder);
          return asSessionError(`${graph.name}: cannot run`, () => session.run(feeds));
        }),
    }),
    dispose: () =>
      exclusively(async () => {
        for (const [graph, session] of resident) await close(graph, session);
      }),
  };
}

/** Runs `work`; what ONNX Runtime throws becomes one sentence that says which network it was. */
async function asSessionError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === "UnclipError") throw cause;
    throw new UnclipError("session", `${what}: ${(cause as Error).message}`, { cause });
  }
}
