import { checkAborted, isUnclipError, UnclipError } from "@unclip/sampler";
import { HUB_ENDPOINT, isCommit, parseHubModelId, type HubModel, type HubOptions } from "../hub.js";
import type { BlobFolder } from "../model-folder.js";
import { openModelFolder } from "./blob-folder.js";

/** Opens a public model of the hub. Each file is fetched once, when it is first needed.
 * @param source "owner/name" or "owner/name@revision"
 * @throws UnclipError "input" for an option that browsers do not have, "download" if there is no such model */
export async function openHubModel(source: string, options: HubOptions = {}): Promise<BlobFolder & HubModel> {
  const { token, cacheDir, offline = false, endpoint = HUB_ENDPOINT } = options;
  for (const [option, given] of Object.entries({ token, cacheDir, offline: offline || undefined })) {
    if (given !== undefined) throw new UnclipError("input", `${option}: not available in browsers; leave it out`);
  }
  const hub = endpoint.replace(/\/+$/, "");
  const { id, revision } = parseHubModelId(source);
  const commit = await resolveCommit(
    `${hub}/api/models/${id}/revision/${encodeURIComponent(revision)}`,
    source,
    options,
  );
  const folder = await openModelFolder(`${hub}/${id}/resolve/${commit}`, { ...options, name: source });
  return { ...folder, id, revision, commit };
}

/** One commit for all files, even if the branch moves while they are fetched. */
async function resolveCommit(
  url: string,
  name: string,
  { signal, fetch = globalThis.fetch }: HubOptions,
): Promise<string> {
  try {
    const response = await fetch(url, { signal });
    const sha = response.ok ? ((await response.json()) as { sha?: unknown }).sha : undefined;
    if (isCommit(sha)) return sha;
    throw new UnclipError(
      "download",
      `${name}: ${url} answered ${response.status}; check the spelling of model and revision; a private model cannot be opened in a browser`,
    );
  } catch (cause) {
    checkAborted(signal, name);
    if (isUnclipError(cause)) throw cause;
    throw new UnclipError("download", `${name}: ${url} cannot be reached; check the address and the connection`, {
      cause,
    });
  }
}
