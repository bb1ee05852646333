import { createRun, UnclipError, type Picture, type Run } from "@unclip/tensor";
import type { StepInside } from "../step-inside.js";
import type { StageStep } from "../timeline.js";
import {
  errorFrom,
  fromPlain,
  type Ask,
  type FromWorker,
  type Next,
  type PlainError,
  type Port,
  type ToWorker,
} from "./protocol.js";

/** A page's end of a channel to a Worker. */
export interface Connection {
  /** Asks, and waits for the answer.
   * @throws what the Worker throws; UnclipError "input" for a request that is no plain data */
  ask(ask: Ask): Promise<unknown>;
  /** A run of the Worker: its steps are asked for one by one. */
  run<T>(method: string, args: readonly unknown[], signal: AbortSignal | undefined): Run<T, StageStep>;
  /** Ends the connection: whoever waits gets the error. */
  end(error: Error): void;
}

/** What a connection tells of without being asked. */
export interface ConnectionEvents {
  onNews(news: "onDownload" | "onEvent", value: unknown): void;
  /** The Worker cannot go on. */
  onFatal(error: Error): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Opens a page's end of a channel. */
export function openConnection(port: Port, { onNews, onFatal }: ConnectionEvents): Connection {
  const waiting = new Map<number, Waiting>();
  let [requests, runs] = [0, 0];
  let ended: Error | undefined;

  port.addEventListener("message", ({ data }) => {
    const message = data as FromWorker;
    if ("news" in message) return onNews(message.news, message.value);
    const { resolve, reject } = waiting.get(message.request) ?? {};
    waiting.delete(message.request);
    if (!("error" in message)) return resolve?.(fromPlain(message.value));
    const error = errorFrom(message.error as PlainError);
    reject?.(error);
    if (message.error.isFatal) onFatal(error);
  });

  const post = (ask: Ask): number => {
    const request = ++requests;
    try {
      port.postMessage({ ...ask, request } satisfies ToWorker, []);
    } catch (cause) {
      throw new UnclipError(
        "input",
        `worker: the request is no plain data, so that it cannot be posted (${String(cause)}); name samplers and priors, and give a seed`,
        { cause },
      );
    }
    return request;
  };

  const ask = (what: Ask) =>
    new Promise<unknown>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      waiting.set(post(what), { resolve, reject });
    });

  /** Says something whose answer nobody waits for. */
  const tell = (what: Ask) => {
    if (ended === undefined) post(what);
  };

  async function* steps<T>(
    method: string,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): AsyncGenerator<StageStep, T> {
    const run = ++runs;
    const abort = () => tell({ type: "abort", run });
    let isOver = false;
    signal?.addEventListener("abort", abort);
    try {
      await ask({ type: "start", run, method, args });
      if (signal?.aborted) abort();
      for (;;) {
        const next = (await ask({ type: "next", run })) as Next;
        isOver = next.done;
        if (next.done) return next.value as T;
        const { index, hasPreview, hasInside, ...step } = next.step;
        const preview = async () => (await ask({ type: "preview", run, index })) as Picture[];
        const inside = async () => (await ask({ type: "inside", run, index })) as StepInside;
        yield { ...step, ...(hasPreview && { preview }), ...(hasInside && { inside }) };
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      if (!isOver) tell({ type: "leave", run });
    }
  }

  return {
    ask,
    run: (method, args, signal) => createRun(() => steps(method, args, signal)),
    end(error) {
      ended = error;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    },
  };
}
