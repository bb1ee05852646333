import { checkAborted, isUnclipError, UnclipError } from "@unclip/tensor";
import { refusalOf } from "./refusal.js";
import { Interruption } from "./retry.js";
import { isEndpoint, type HubSettings } from "./settings.js";

/** One GET to make. */
export interface HubRequest {
  readonly url: string;
  /** Path in the repository, if it is for a file. */
  readonly file?: string;
  /** Headers for each address on the way: the hub redirects to a storage server. */
  readonly headers?: (url: URL) => Readonly<Record<string, string>>;
  /** Statuses besides 2xx that `read` wants to see. */
  readonly pass?: readonly number[];
}

/** What a request got. */
export interface HubAnswer {
  readonly response: Response;
  /** The last address on the way. */
  readonly url: URL;
  /** What the hub itself says of a file before it redirects: its hash. */
  readonly linkedEtag: string | undefined;
  /** The body as it arrives. Without a piece for `timeoutMs` the connection counts as broken. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const MOST_REDIRECTS = 8;

/** Makes one request and reads its answer. The token goes to the endpoint alone.
 * @throws Interruption for what may pass: a busy server, a broken or silent connection
 * @throws UnclipError "download" for what does not, "aborted" if the signal fires */
export async function request<T>(
  settings: HubSettings,
  what: HubRequest,
  read: (answer: HubAnswer) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), settings.timeoutMs);
  const signal = AbortSignal.any([silence.signal, ...(settings.signal === undefined ? [] : [settings.signal])]);
  const fail = (error: unknown): never => {
    checkAborted(settings.signal, settings.name);
    if (isUnclipError(error) || error instanceof Interruption) throw error;
    const reason = silence.signal.aborted ? `no answer for ${settings.timeoutMs / 1000} s` : reasonOf(error);
    throw new Interruption(connectionError(settings, what, reason, error));
  };
  try {
    const answer = await follow(settings, what, signal).catch(fail);
    timer.refresh();
    const chunks = chunksOf(answer.response, { signal, fail, onChunk: () => timer.refresh() });
    const { body } = answer.response;
    // A body that was not read would keep its connection, and the process alive.
    return await read({ ...answer, chunks }).finally(() => (body?.locked ? undefined : body?.cancel()));
  } finally {
    clearTimeout(timer);
  }
}

async function follow(
  settings: HubSettings,
  { url: start, file, headers = () => ({}), pass = [] }: HubRequest,
  signal: AbortSignal,
): Promise<Omit<HubAnswer, "chunks">> {
  const { fetch } = settings;
  let url = new URL(start);
  let linkedEtag: string | undefined;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await fetch(url, {
      redirect: "manual",
      signal,
      headers: {
        "accept-encoding": "identity",
        "user-agent": "unclip",
        ...(isEndpoint(settings, url) && settings.token !== undefined && { authorization: `Bearer ${settings.token}` }),
        ...headers(url),
      },
    });
    linkedEtag ??= response.headers.get("x-linked-etag") ?? undefined;
    const location = response.headers.get("location");
    if (response.ok || pass.includes(response.status)) return { response, url, linkedEtag };
    await response.body?.cancel();
    if (response.status < 300 || response.status >= 400 || location === null)
      throw refusalOf(settings, { response, url, file });
    url = new URL(location, url);
  }
  throw new UnclipError("download", `${settings.name}: ${start} is redirected more than ${MOST_REDIRECTS} times`);
}

/** The body of a response, whose errors go through `fail`.
 *
 * Cancelling the reader on abort is not left to `fetch`: in Node 20 a body whose last piece has arrived may then neither end nor fail. */
async function* chunksOf(
  { body }: Response,
  {
    signal,
    fail,
    onChunk,
  }: { readonly signal: AbortSignal; readonly fail: (error: unknown) => never; readonly onChunk: () => void },
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
      const { done, value } = await next().catch(fail);
      if (done) return;
      onChunk();
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

function connectionError(settings: HubSettings, { file }: HubRequest, reason: string, cause: unknown): UnclipError {
  const what = file === undefined ? `${settings.endpoint} cannot be reached` : `${file}: the connection broke`;
  return new UnclipError(
    "download",
    `${settings.name}: ${what} (${reason}); check the connection` +
      (file === undefined
        ? `, or set HF_HUB_OFFLINE=1 to use what is in the cache`
        : ` and try again: it goes on from there`),
    { cause },
  );
}

/** The innermost cause: fetch says only "fetch failed". */
function reasonOf(error: unknown): string {
  let innermost = error as Error & { code?: string };
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost.code ?? innermost.message;
}
