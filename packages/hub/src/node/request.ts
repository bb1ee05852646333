import { checkAborted, isUnclipError, quote, UnclipError } from "@unclip/tensor";
import { anySignal } from "../any-signal.js";
import { readChunks, type Guard } from "../body.js";
import { refusalOf } from "./refusal.js";
import { isEndpoint, type HubSettings } from "./settings.js";
import { Interruption } from "./with-retries.js";

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
  /** The body as it arrives. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const MOST_REDIRECTS = 8;

/** Makes one request and reads its answer. The token goes to the endpoint alone. A server that is silent for `idleTimeoutMs` counts
 * as a broken connection.
 * @throws Interruption for what may pass: a busy server, a broken or silent connection
 * @throws UnclipError "download" for what does not, "aborted" if the signal fires */
export async function request<T>(
  settings: HubSettings,
  what: HubRequest,
  read: (answer: HubAnswer) => Promise<T>,
): Promise<T> {
  const { idleTimeoutMs, name } = settings;
  const silence = new AbortController();
  const signal = anySignal(silence.signal, settings.signal);
  // The time runs only while we wait for the server, not while a slow disk takes what has arrived.
  const guard: Guard = async (wait) => {
    const timer = setTimeout(() => silence.abort(), idleTimeoutMs);
    try {
      return await wait();
    } catch (error) {
      checkAborted(settings.signal, name);
      if (isUnclipError(error) || error instanceof Interruption) throw error;
      const reason = silence.signal.aborted ? `no answer for ${idleTimeoutMs / 1000} s` : reasonOf(error);
      throw new Interruption(connectionError(settings, what, reason, error));
    } finally {
      clearTimeout(timer);
    }
  };
  const answer = await guard(() => follow(settings, what, signal));
  const { body } = answer.response;
  // A body that was not read would keep its connection, and the process alive.
  return await read({ ...answer, chunks: readChunks(body, signal, guard) }).finally(() =>
    body?.locked ? undefined : body?.cancel(),
  );
}

async function follow(
  settings: HubSettings,
  { url: start, file, headers = () => ({}), pass = [] }: HubRequest,
  signal: AbortSignal,
): Promise<Omit<HubAnswer, "chunks">> {
  const { fetch, name } = settings;
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
    url = nextAddress(settings, url, location);
  }
  throw new UnclipError("download", `${name}: ${start} is redirected more than ${MOST_REDIRECTS} times`);
}

/** The address that a server gives, seen from the address that was asked.
 * @throws UnclipError "download" if it is none of the web */
export function nextAddress({ name }: Pick<HubSettings, "name">, from: URL, address: string): URL {
  const next = URL.canParse(address, from) ? new URL(address, from) : undefined;
  if (next !== undefined && /^https?:$/.test(next.protocol)) return next;
  throw new UnclipError(
    "download",
    `${name}: ${from.host} sends us to "${quote(address)}", which is not an address of the web; check HF_ENDPOINT`,
  );
}

function connectionError(settings: HubSettings, { file }: HubRequest, reason: string, cause: unknown): UnclipError {
  const what = file === undefined ? `${settings.endpoint} cannot be reached` : `${quote(file)}: the connection broke`;
  const cure =
    file === undefined
      ? ", or set HF_HUB_OFFLINE=1 to use what is in the cache"
      : " and try again: it goes on from there";
  return new UnclipError("download", `${settings.name}: ${what} (${quote(reason)}); check the connection${cure}`, {
    cause,
  });
}

/** How deep a chain of causes is followed: it might lead back to itself. */
const DEEPEST_CAUSE = 10;

/** The innermost cause: fetch says only "fetch failed". */
function reasonOf(error: unknown): string {
  let innermost = error;
  for (let depth = 0; depth < DEEPEST_CAUSE && innermost instanceof Error && innermost.cause instanceof Error; depth++)
    innermost = innermost.cause;
  if (!(innermost instanceof Error)) return quote(innermost);
  return (innermost as NodeJS.ErrnoException).code ?? innermost.message;
}
