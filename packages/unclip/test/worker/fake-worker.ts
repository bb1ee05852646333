import type { loadUnclip } from "unclip";
import { serveUnclip } from "../../src/worker/serve.js";
import type { Port } from "../../src/worker/protocol.js";

/** What stands for a Worker in Node: the same code at the other end of a real channel, so that messages are really cloned and transferred. */
export interface FakeWorker extends Worker {
  /** Lets it crash as a browser reports it. */
  crash(message: string): void;
  /** Lets a message arrive that cannot be read. */
  garble(): void;
  readonly isTerminated: boolean;
}

/** A Worker in this thread.
 * @param load what loads the model in it */
export function createFakeWorker(load: typeof loadUnclip): FakeWorker {
  const { port1, port2 } = new MessageChannel();
  const target = new EventTarget();
  let isTerminated = false;
  port1.start();
  port2.start();
  port1.addEventListener("message", ({ data }) => {
    if (!isTerminated) target.dispatchEvent(Object.assign(new Event("message"), { data: data as unknown }));
  });
  serveUnclip(port2 as unknown as Port, load);
  return {
    postMessage: (message: unknown, transfer: Transferable[]) => port1.postMessage(message, transfer as never),
    addEventListener: target.addEventListener.bind(target),
    terminate() {
      isTerminated = true;
      port1.close();
    },
    garble: () => void target.dispatchEvent(new Event("messageerror")),
    crash: (message: string) => void target.dispatchEvent(Object.assign(new Event("error"), { message })),
    get isTerminated() {
      return isTerminated;
    },
  } as unknown as FakeWorker;
}
