import { quote, UnclipError } from "@unclip/tensor";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseHubModelId } from "../model-id.js";
import { checkEndpoint, checkMilliseconds, HUB_ENDPOINT, LISTING_TIMEOUT_MS, type HubOptions } from "../options.js";

/** What to open and how, with every default filled in. */
export interface HubSettings {
  /** What messages call the model: the id as it was given, in one line. */
  readonly name: string;
  readonly id: string;
  readonly revision: string;
  readonly variant?: string;
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Absolute path. */
  readonly cacheDir: string;
  /** Whether snapshots may hold symbolic links. */
  readonly symlinks: boolean;
  readonly offline: boolean;
  readonly retries: number;
  readonly retryWaitMs: number;
  readonly idleTimeoutMs: number;
  readonly listingTimeoutMs: number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
}

/** Options, or else the environment, or else the defaults.
 * @throws UnclipError "input" if the id or an option cannot be one */
export function readSettings(source: string, options: HubOptions): HubSettings {
  const { env } = process;
  const { retries = 5, retryWaitMs = 500, idleTimeoutMs = 30_000, listingTimeoutMs = LISTING_TIMEOUT_MS } = options;
  return {
    name: quote(source),
    ...parseHubModelId(source),
    ...(options.variant !== undefined && { variant: options.variant }),
    endpoint: checkEndpoint(options.endpoint ?? (env["HF_ENDPOINT"] || HUB_ENDPOINT)),
    token: checkToken((options.token ?? env["HF_TOKEN"] ?? "").trim()),
    cacheDir: resolve(withHome(options.cacheDir ?? defaultCacheDir(env))),
    symlinks: !isOn(env["HF_HUB_DISABLE_SYMLINKS"]),
    offline: options.offline ?? isOn(env["HF_HUB_OFFLINE"]),
    retries: checkRetries(retries),
    retryWaitMs: checkMilliseconds("retryWaitMs", retryWaitMs),
    idleTimeoutMs: checkMilliseconds("idleTimeoutMs", idleTimeoutMs),
    listingTimeoutMs: checkMilliseconds("listingTimeoutMs", listingTimeoutMs),
    fetch: options.fetch ?? globalThis.fetch,
    signal: options.signal,
  };
}

/** Where Python's huggingface_hub keeps its cache. An empty variable counts as absent. */
function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || join(homeOf(env), "hub");
}

/** Absolute path of the folder in which libraries keep what they make of models of the hub, as Python's `cached_assets_path` has it: the
 * environment's HF_ASSETS_CACHE, or else HF_HOME/assets, or else ~/.cache/huggingface/assets. */
export function assetsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(withHome(env["HF_ASSETS_CACHE"] || join(homeOf(env), "assets")));
}

function homeOf(env: NodeJS.ProcessEnv): string {
  return env["HF_HOME"] || join(env["XDG_CACHE_HOME"] || join("~", ".cache"), "huggingface");
}

function isOn(variable: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(variable ?? "");
}

function withHome(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, homedir());
}

/** A token that cannot be a header would end up in the message of `fetch`. */
function checkToken(token: string): string | undefined {
  if (token === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UnclipError(
    "input",
    `token: expected letters, digits and signs without spaces, got other characters; copy it again into HF_TOKEN`,
  );
}

function checkRetries(retries: number): number {
  if (Number.isSafeInteger(retries) && retries >= 0) return retries;
  throw new UnclipError("input", `retries: expected a whole number from 0, got "${quote(retries)}"`);
}

/** Whether `url` is the hub itself. There the token may go, unless the way there is less secure than the endpoint's. */
export function isEndpoint({ endpoint }: Pick<HubSettings, "endpoint">, url: URL): boolean {
  const { host, protocol } = new URL(endpoint);
  return url.host === host && (url.protocol === protocol || url.protocol === "https:");
}
