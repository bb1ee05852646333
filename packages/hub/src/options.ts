import { quote, UnclipError } from "@unclip/tensor";

/** The public hub. */
export const HUB_ENDPOINT = "https://huggingface.co";

/** Progress of a download: one bar over all files, and one for the file at hand. */
export interface HubProgress {
  /** Path of the file at hand, as the hub lists it. */
  readonly file: string;
  /** Bytes of all selected files that have arrived. Files that were in the cache count. */
  readonly loaded: number;
  /** Bytes of all selected files. */
  readonly total: number;
  /** Bytes of the file at hand that have arrived. Falls back to 0 when a damaged file is thrown away. */
  readonly fileLoaded: number;
  readonly fileTotal: number;
  /** "wait": another process is fetching the file, and we wait for it; "download": it arrives; "resume": it arrives, from where an
   * earlier download stopped; "verify": its hash is computed; "done": it is in the cache. */
  readonly status: "wait" | "download" | "resume" | "verify" | "done";
  /** In browsers: a sentence for the user, if the browser does not keep the file for the next visit. */
  readonly note?: string;
}

/** How a model of the hub is found and fetched. A browser fetches each file when it is first needed, so that its progress counts
 * the files that have been asked for. It has neither our cache nor a token: `offline`, `cacheDir` and `token` are refused. */
export interface HubOptions {
  /** Weight files to take where a component has them, for example "fp16" for `model.fp16.safetensors`; default the plain ones. */
  readonly variant?: string;
  /** Make no request, take everything from the cache; default: whether the environment's HF_HUB_OFFLINE is 1, ON, YES or TRUE. */
  readonly offline?: boolean;
  /** Access token for private and gated models; default the environment's HF_TOKEN. It is sent to the endpoint alone. */
  readonly token?: string;
  /** Address of the hub; default the environment's HF_ENDPOINT, or else https://huggingface.co. */
  readonly endpoint?: string;
  /** Folder of the cache, which Python's huggingface_hub shares; default the environment's HF_HUB_CACHE, or else
   * HF_HOME/hub, or else ~/.cache/huggingface/hub. */
  readonly cacheDir?: string;
  /** Called several times a second while files are fetched; not at all if all of them are in the cache. */
  readonly onProgress?: (progress: HubProgress) => void;
  /** Stops the download with UnclipError "aborted". What has arrived is kept for the next time. */
  readonly signal?: AbortSignal;
  /** How often to try again after a failure that may pass, if nothing new arrived in between; default 5, at most 2 for listings. */
  readonly retries?: number;
  /** The pause after the first failure in milliseconds, unless the server asks for another; default 500. It doubles with each further
   * failure, up to 30 s. */
  readonly retryWaitMs?: number;
  /** Silence of the server that counts as a broken connection, in milliseconds; default 30,000. */
  readonly idleTimeoutMs?: number;
  /** The time in which the hub must have told the commit and its files, in milliseconds, repetitions included; default 120,000. */
  readonly listingTimeoutMs?: number;
  /** Makes the requests, for example through a proxy; default the platform's `fetch`. */
  readonly fetch?: typeof fetch;
}

/** The default of `listingTimeoutMs`. */
export const LISTING_TIMEOUT_MS = 120_000;

/** The address of a hub without a slash at its end.
 * @throws UnclipError "input" if `endpoint` cannot be one */
export function checkEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === "";
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  const got = url !== undefined && !isPlain ? "one with a user name, a query or a fragment" : `"${quote(endpoint)}"`;
  throw new UnclipError("input", `endpoint: expected the address of a hub such as ${HUB_ENDPOINT}, got ${got}`);
}

/** The longest time that timers can wait for: beyond it they fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Checks a time given as an option.
 * @throws UnclipError "input" if it is none */
export function checkMilliseconds(option: string, ms: number): number {
  if (Number.isFinite(ms) && ms > 0 && ms <= LONGEST_TIMER_MS) return ms;
  throw new UnclipError(
    "input",
    `${option}: expected milliseconds between 0 and ${LONGEST_TIMER_MS}, got "${quote(ms)}"`,
  );
}
