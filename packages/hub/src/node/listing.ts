import { UnclipError } from "@unclip/tensor";
import { encodePath, HUB_ENDPOINT, isCommit, isPath, type HubFile } from "../hub.js";
import { request, type HubRequest } from "./request.js";
import { withRetries } from "./retry.js";
import type { HubSettings } from "./settings.js";

/** A file of a repository with the hash that names its blob: SHA-256 of a large file, git's blob SHA-1 of a small one. */
export interface ListedFile extends HubFile {
  readonly etag: string;
}

/** The commit that the revision stands for now.
 * @throws UnclipError "download" if there is no such model or revision, or the hub cannot be reached */
export async function resolveCommit(settings: HubSettings): Promise<string> {
  const { endpoint, id, revision } = settings;
  const url = `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
  const { json } = await requestJson(settings, { url });
  const { sha } = (json ?? {}) as { sha?: unknown };
  if (isCommit(sha)) return sha;
  throw strangeAnswer(settings, url);
}

/** Every file of the repository at a commit.
 * @throws UnclipError "download" as for `resolveCommit` */
export async function listFiles(settings: HubSettings, commit: string): Promise<ListedFile[]> {
  const { endpoint, id } = settings;
  const files: ListedFile[] = [];
  let url: string | undefined = `${endpoint}/api/models/${id}/tree/${commit}?recursive=true`;
  while (url !== undefined) {
    const { json, next } = await requestJson(settings, { url });
    if (!Array.isArray(json)) throw strangeAnswer(settings, url);
    for (const entry of json) {
      if ((entry as { type?: unknown }).type === "directory") continue;
      const file = readEntry(entry);
      if (file === undefined) throw strangeAnswer(settings, url);
      files.push(file);
    }
    url = next;
  }
  return files;
}

/** Later pages are not worth long waits: nothing is lost by asking again. */
const RETRIES = 2;

async function requestJson(settings: HubSettings, what: HubRequest): Promise<{ json: unknown; next?: string }> {
  const patience = { ...settings, retries: Math.min(settings.retries, RETRIES) };
  return withRetries(patience, () =>
    request(settings, what, async ({ response, chunks }) => {
      const next = /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      return {
        json: parse(Buffer.concat(parts).toString("utf8")),
        ...(next !== undefined && { next: atEndpoint(settings, what.url, next) }),
      };
    }),
  );
}

/** A mirror of the public hub may pass on the hub's own addresses of further pages. */
function atEndpoint({ endpoint }: HubSettings, from: string, next: string): string {
  const url = new URL(next, from).href;
  return url.startsWith(`${HUB_ENDPOINT}/`) ? endpoint + url.slice(HUB_ENDPOINT.length) : url;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by whoever looks at it
  }
}

function readEntry(entry: unknown): ListedFile | undefined {
  const { path, size, oid, lfs } = entry as Record<string, unknown>;
  const large = lfs as { oid?: unknown; size?: unknown } | undefined;
  return checkListedFile(path, large?.size ?? size, large?.oid ?? oid);
}

/** A listed file, if its parts can be one. They become names of files: nothing else may get through. */
export function checkListedFile(path: unknown, sizeBytes: unknown, etag: unknown): ListedFile | undefined {
  const fits =
    typeof path === "string" &&
    isPath(path) &&
    Number.isSafeInteger(sizeBytes) &&
    (sizeBytes as number) >= 0 &&
    typeof etag === "string" &&
    /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(etag);
  return fits ? { path, sizeBytes: sizeBytes as number, etag } : undefined;
}

/** Address of a file at a commit. */
export function fileUrl({ endpoint, id }: HubSettings, commit: string, path: string): string {
  return `${endpoint}/${id}/resolve/${commit}/${encodePath(path)}`;
}

function strangeAnswer({ name }: HubSettings, url: string): UnclipError {
  return new UnclipError(
    "download",
    `${name}: ${url} does not answer as a hub does; check HF_ENDPOINT, and whether a proxy or a login page answers instead`,
  );
}
