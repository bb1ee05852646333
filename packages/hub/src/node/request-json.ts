import { quote, UnclipError } from "@unclip/tensor";
import { MOST_LISTING_BYTES, readJsonBody, type JsonBody } from "../body.js";
import { HUB_ENDPOINT } from "../options.js";
import { nextAddress, request } from "./request.js";
import type { HubSettings } from "./settings.js";
import { withRetries } from "./with-retries.js";

/** A page of what the hub says in JSON. */
export interface JsonPage extends JsonBody {
  /** Address of the next page, if there is one. */
  readonly next: string | undefined;
}

/** Listings are not worth long waits: nothing is lost by asking again. */
const MOST_RETRIES = 2;

/** Asks the hub for JSON.
 * @param maxBytes the page may be as long as this
 * @throws UnclipError "download" if it is longer, or cannot be had */
export async function requestJson(
  settings: HubSettings,
  url: string,
  maxBytes = MOST_LISTING_BYTES,
): Promise<JsonPage> {
  const patience = { ...settings, retries: Math.min(settings.retries, MOST_RETRIES) };
  return withRetries(patience, () =>
    request(settings, { url }, async ({ response, chunks }) => {
      const link = /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      const body = await readJsonBody(chunks, maxBytes);
      if (body === undefined) throw tooLong(settings, `${MOST_LISTING_BYTES / 2 ** 20} MiB`);
      return { ...body, next: link === undefined ? undefined : atEndpoint(settings, url, link) };
    }),
  );
}

/** A mirror of the public hub may pass on the hub's own addresses of further pages. */
function atEndpoint(settings: HubSettings, from: string, link: string): string {
  const url = nextAddress(settings, new URL(from), link).href;
  return url.startsWith(`${HUB_ENDPOINT}/`) ? settings.endpoint + url.slice(HUB_ENDPOINT.length) : url;
}

/** The error for a list of files that has no end in sight. */
export function tooLong({ name, endpoint }: HubSettings, bound: string): UnclipError {
  return new UnclipError(
    "download",
    `${name}: the list of its files at ${endpoint} is longer than ${bound}; check whether it is a model, and HF_ENDPOINT`,
  );
}

/** The error for JSON that is not what the hub's interface defines. */
export function unexpectedAnswer({ name }: HubSettings, url: string): UnclipError {
  return new UnclipError(
    "download",
    `${name}: ${quote(url, { max: 200 })} does not answer as a hub does; check HF_ENDPOINT, and whether a proxy or a login page answers instead`,
  );
}
