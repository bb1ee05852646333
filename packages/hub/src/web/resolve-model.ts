import { checkAborted, isUnclipError, quote, UnclipError } from "@unclip/tensor";
import { MOST_LISTING_BYTES, readChunks, readJsonBody } from "../body.js";
import { isCommit, parseHubModelId, type HubModel } from "../model-id.js";
import { checkEndpoint, checkMilliseconds, HUB_ENDPOINT, LISTING_TIMEOUT_MS, type HubOptions } from "../options.js";
import { withDeadline } from "../with-deadline.js";

/** A model of the hub at one commit, and where a browser fetches its files. */
export interface HubAddress extends HubModel {
  /** Address of the repository's tree, without a slash at its end. */
  readonly url: string;
}

/** Finds a public model of the hub. All files are of one commit, even if the branch moves while they are fetched.
 * @param source "owner/name" or "owner/name@revision"
 * @throws UnclipError "input" for an option that browsers do not have, "download" if there is no such model, "aborted" if the
 * signal fires */
export async function resolveModel(source: string, options: HubOptions = {}): Promise<HubAddress> {
  const { token, cacheDir, offline = false, signal, fetch = globalThis.fetch } = options;
  for (const [option, given] of Object.entries({ token, cacheDir, offline: offline || undefined })) {
    if (given !== undefined) throw new UnclipError("input", `${option}: not available in browsers; leave it out`);
  }
  const endpoint = checkEndpoint(options.endpoint ?? HUB_ENDPOINT);
  const listingTimeoutMs = checkMilliseconds("listingTimeoutMs", options.listingTimeoutMs ?? LISTING_TIMEOUT_MS);
  const { id, revision } = parseHubModelId(source);
  const name = quote(source);
  const url = `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
  try {
    const commit = await withDeadline({ name, endpoint, listingTimeoutMs, signal }, (either) =>
      resolveCommit({ url, name, fetch, signal: either }),
    );
    return { id, revision, commit, url: `${endpoint}/${id}/resolve/${commit}` };
  } catch (cause) {
    checkAborted(signal, name);
    if (isUnclipError(cause)) throw cause;
    throw new UnclipError("download", `${name}: ${url} cannot be reached; check the address and the connection`, {
      cause,
    });
  }
}

interface CommitRequest {
  readonly url: string;
  readonly name: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

async function resolveCommit({ url, name, fetch, signal }: CommitRequest): Promise<string> {
  const response = await fetch(url, { signal });
  if (!response.ok)
    throw new UnclipError(
      "download",
      `${name}: ${url} answered ${response.status}; check the spelling of model and revision; a private model cannot be opened in a browser`,
    );
  const body = await readJsonBody(
    readChunks(response.body, signal, (wait) => wait()),
    MOST_LISTING_BYTES,
  );
  const { sha } = (body?.json ?? {}) as { sha?: unknown };
  if (isCommit(sha)) return sha;
  throw new UnclipError("download", `${name}: ${url} does not answer as a hub does; check the endpoint`);
}
