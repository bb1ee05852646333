import { UnclipError } from "@unclip/tensor";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { HUB_ENDPOINT, parseHubModelId, type HubOptions } from "../hub.js";

/** What to open and how, with every default filled in. */
export interface HubSettings {
  /** What messages call the model: the id as it was given. */
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
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
}

/** Options, or else the environment, or else the defaults.
 * @throws UnclipError "input" if the id or the endpoint cannot be one */
export function readSettings(name: string, options: HubOptions): HubSettings {
  const { env } = process;
  const token = (options.token ?? env["HF_TOKEN"] ?? "").trim();
  return {
    name,
    ...parseHubModelId(name),
    ...(options.variant !== undefined && { variant: options.variant }),
    endpoint: checkEndpoint(options.endpoint ?? (env["HF_ENDPOINT"] || HUB_ENDPOINT)),
    token: token === "" ? undefined : token,
    cacheDir: resolve(withHome(options.cacheDir ?? defaultCacheDir(env))),
    symlinks: !isOn(env["HF_HUB_DISABLE_SYMLINKS"]),
    offline: options.offline ?? isOn(env["HF_HUB_OFFLINE"]),
    retries: options.retries ?? 5,
    timeoutMs: options.timeoutMs ?? 30_000,
    fetch: options.fetch ?? globalThis.fetch,
    signal: options.signal,
  };
}

/** Where Python's huggingface_hub keeps its cache. An empty variable counts as absent. */
function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  const caches = env["XDG_CACHE_HOME"] || join("~", ".cache");
  const home = env["HF_HOME"] || join(caches, "huggingface");
  return env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || join(home, "hub");
}

function isOn(variable: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(variable ?? "");
}

function withHome(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, homedir());
}

function checkEndpoint(endpoint: string): string {
  if (/^https?:\/\//.test(endpoint) && URL.canParse(endpoint)) return endpoint.replace(/\/+$/, "");
  throw new UnclipError("input", `endpoint: expected the address of a hub such as ${HUB_ENDPOINT}, got "${endpoint}"`);
}

/** Whether `url` is the hub itself: there the token may go, unless the way there is less secure than the endpoint's. */
export function isEndpoint({ endpoint }: Pick<HubSettings, "endpoint">, url: URL): boolean {
  const { host, protocol } = new URL(endpoint);
  return url.host === host && (url.protocol === protocol || url.protocol === "https:");
}
