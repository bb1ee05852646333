/** Runs one wait for the server: the caller may limit its time, and translate its errors. */
export type Guard = <T>(wait: () => Promise<T>) => Promise<T>;

/** The body of a response as it arrives.
 *
 * Cancelling the reader on abort is not left to `fetch`: in Node 20 a body whose last piece has arrived may then neither end nor fail.
 * @param guard runs each wait for the next piece, but not what is done with it */
export async function* readChunks(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  guard: Guard,
): AsyncGenerator<Uint8Array> {
  const reader = (body ?? new Blob().stream()).getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  const next = async () => {
    signal.throwIfAborted();
    const result = await reader.read();
    signal.throwIfAborted();
    return result;
  };
  signal.addEventListener("abort", cancel);
  try {
    for (;;) {
      const { done, value } = await guard(next);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** The most that is read of a hub's answers about one model: a hundred thousand files take some 25 MB. */
export const MOST_LISTING_BYTES = 64 * 2 ** 20;

/** What a hub said in JSON. */
export interface JsonBody {
  /** Undefined if the body is not JSON. */
  readonly json: unknown;
  readonly sizeBytes: number;
}

/** Reads a body of JSON.
 * @returns undefined if it is longer than `maxBytes`; the rest is not read */
export async function readJsonBody(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<JsonBody | undefined> {
  const decoder = new TextDecoder();
  let sizeBytes = 0;
  let text = "";
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return { json: parse(text + decoder.decode()), sizeBytes };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
