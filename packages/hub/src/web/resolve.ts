import { checkAborted, isUnclipError, UnclipError } from "@unclip/tensor";
import { HUB_ENDPOINT, isCommit, parseHubModelId, type HubModel, type HubOptions } from "../hub.js";

/** A model of the hub at one commit, and where a browser fetches its files. */
export interface HubAddress extends HubModel {
  /** Address of the repository's tree, without a slash at its end. */
  readonly url: string;
}

/** Finds a public model of the hub: one commit for all files, even if the branch moves while they are fetched.
 * @param source "owner/name" or "owner/name@revision"
 * @throws UnclipError "input" for an option that browsers do not have, "download" if there is no such model */
export async function resolveModel(source: string, options: HubOptions = {}): Promise<HubAddress> {
  const { token, cacheDir, offline = false, endpoint = HUB_ENDPOINT } = options;
  for (const [option, given] of Object.entries({ token, cacheDir, offline: offline || undefined })) {
    if (given !== undefined) throw new UnclipError("input", `${option}: not available in browsers; leave it out`);
  }
  const hub = endpoint.replace(/\/+$/, "");
  const { id, revision } = parseHubModelId(source);
  const url = `${hub}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
  const commit = await resolveCommit(url, source, options);
  return { id, revision, commit, url: `${hub}/${id}/resolve/${commit}` };
}

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
