import { UnclipError } from "@unclip/tensor";
import { Interruption } from "./retry.js";
import { isEndpoint, type HubSettings } from "./settings.js";

/** The longest wait that a server may ask for before we give up instead. */
const LONGEST_REQUESTED_WAIT_MS = 60_000;

/** An answer that is not what was asked for. */
export interface Refusal {
  readonly response: Response;
  readonly url: URL;
  /** Path in the repository, if the request was for a file. */
  readonly file: string | undefined;
}

/** The error for a refusal: an interruption if it may pass, else one sentence with the cure. */
export function refusalOf(settings: HubSettings, refusal: Refusal): Error {
  const { name, token } = settings;
  const { status, headers } = refusal.response;
  const waitMs = requestedWaitMs(headers);
  if (status === 429) {
    const wait = waitMs === undefined ? "try again later" : `try again in ${Math.ceil(waitMs / 1000)} seconds`;
    const more = token === undefined ? ", or set HF_TOKEN: the hub allows more requests to those it knows" : "";
    const error = new UnclipError(
      "download",
      `${name}: the server takes no more requests for now (429); ${wait}${more}`,
    );
    return (waitMs ?? 0) > LONGEST_REQUESTED_WAIT_MS ? error : new Interruption(error, waitMs);
  }
  const error = new UnclipError("download", `${name}: ${sentenceFor(settings, refusal)}`);
  // A storage server refuses an address that has expired: the next attempt gets a new one.
  const mayPass = status === 408 || status >= 500 || !isEndpoint(settings, refusal.url);
  return mayPass ? new Interruption(error, waitMs) : error;
}

function sentenceFor(settings: HubSettings, { response, url, file }: Refusal): string {
  const { endpoint, id, revision, token } = settings;
  const { status, statusText, headers } = response;
  const code = headers.get("x-error-code");
  if (status >= 500 || !isEndpoint(settings, url))
    return `${url.host} fails with ${status} ${statusText}; try again later`;
  if (code === "GatedRepo" || status === 403) {
    const account =
      token === undefined ? "; then set HF_TOKEN to a token of that account" : " with the token's account";
    return `access is restricted (${status}); ask for it at ${endpoint}/${id}${account}`;
  }
  if (status === 401 && token !== undefined && code !== "RepoNotFound")
    return `the hub refuses the token (401); make one that may read this model at ${endpoint}/settings/tokens and put it into HF_TOKEN`;
  if (code === "RevisionNotFound")
    return `there is no revision "${revision}" (${status}); expected a branch, a tag or a commit of ${endpoint}/${id}`;
  if (status === 404 && file !== undefined) return `${file} is not there (404), although it is listed; try again later`;
  if (status === 401 || status === 404) {
    const hidden =
      token === undefined ? "or set HF_TOKEN if the model is private" : "and whether the token in HF_TOKEN may read it";
    return `there is no such model at ${endpoint} (${status}); check the spelling, ${hidden}`;
  }
  return `${url.host} answered ${status} ${statusText}`;
}

/** The wait that Retry-After names, in seconds or as a date, or RateLimit, as in `"resolvers";r=0;t=55`. */
function requestedWaitMs(headers: Headers): number | undefined {
  const after = headers.get("retry-after") ?? /;\s*t\s*=\s*(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  if (after === undefined) return undefined;
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
