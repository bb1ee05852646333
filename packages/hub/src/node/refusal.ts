import { quote, UnclipError } from "@unclip/tensor";
import { readRetryAfter, whenAgain } from "./retry-after.js";
import { isEndpoint, type HubSettings } from "./settings.js";
import { Interruption } from "./with-retries.js";

/** The longest pause that a server gets. If it asks for a longer one, of whatever status, we give up instead. */
const LONGEST_REQUESTED_WAIT_MS = 60_000;

/** An answer that is not what was asked for. */
export interface Refusal {
  readonly response: Response;
  readonly url: URL;
  /** Path in the repository, if the request was for a file. */
  readonly file: string | undefined;
}

/** The error for a refusal: an interruption if it may pass soon, else one sentence with the cure. */
export function refusalOf(settings: HubSettings, refusal: Refusal): Error {
  const { status, headers } = refusal.response;
  const waitMs = readRetryAfter(headers);
  const error = new UnclipError("download", `${settings.name}: ${sentenceFor(settings, refusal, waitMs)}`);
  // A storage server refuses an address that has expired: the next attempt gets a new one.
  const mayPass = status === 408 || status === 429 || status >= 500 || !isEndpoint(settings, refusal.url);
  return mayPass && (waitMs ?? 0) <= LONGEST_REQUESTED_WAIT_MS ? new Interruption(error, waitMs) : error;
}

function sentenceFor(settings: HubSettings, refusal: Refusal, waitMs: number | undefined): string {
  const { status, statusText } = refusal.response;
  if (status === 429) {
    const more =
      settings.token === undefined ? ", or set HF_TOKEN: the hub allows more requests to those it knows" : "";
    return `the server takes no more requests for now (429); try again ${whenAgain(waitMs)}${more}`;
  }
  const answer = quote(`${status} ${statusText}`);
  if (status >= 500 || !isEndpoint(settings, refusal.url))
    return `${refusal.url.host} fails with ${answer}; try again ${whenAgain(waitMs)}`;
  return refusalOfHub(settings, refusal) ?? `${refusal.url.host} answered ${answer}`;
}

/** What the hub itself means by a status, and the cure. */
function refusalOfHub(settings: HubSettings, { response, file }: Refusal): string | undefined {
  const { endpoint, id, revision, token } = settings;
  const { status, headers } = response;
  const code = headers.get("x-error-code");
  if (code === "GatedRepo" || status === 403) {
    const account =
      token === undefined ? "; then set HF_TOKEN to a token of that account" : " with the token's account";
    return `access is restricted (${status}); ask for it at ${endpoint}/${id}${account}`;
  }
  if (status === 401 && token !== undefined && code !== "RepoNotFound")
    return `the hub refuses the token (401); make one that may read this model at ${endpoint}/settings/tokens and put it into HF_TOKEN`;
  if (code === "RevisionNotFound")
    return `there is no revision "${quote(revision)}" (${status}); expected a branch, a tag or a commit of ${endpoint}/${id}`;
  if (status === 404 && file !== undefined)
    return `${quote(file)} is not there (404), although it is listed; try again later`;
  if (status === 401 || status === 404) {
    const hidden =
      token === undefined ? "or set HF_TOKEN if the model is private" : "and whether the token in HF_TOKEN may read it";
    return `there is no such model at ${endpoint} (${status}); check the spelling, ${hidden}`;
  }
  return undefined;
}
