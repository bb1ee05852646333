/** The pause that a server asks for: Retry-After in seconds or as a date, or RateLimit, as in `"resolvers";r=0;t=55`.
 * @returns milliseconds, which may be many; undefined if it asks for none, or for what cannot be read
 * @see RFC 9110, 10.2.3 */
export function readRetryAfter(headers: Headers): number | undefined {
  const after = headers.get("retry-after") ?? /;\s*t\s*=\s*(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  if (after === undefined) return undefined;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const ms = HTTP_DATE.test(after) ? Date.parse(after) - Date.now() : NaN;
  return ms >= 0 ? ms : undefined; // a date in the past asks for nothing: one of the clocks is wrong
}

/** As in "Sun, 06 Nov 1994 08:49:37 GMT". Date.parse reads far more, for example "x 1" as the year 2001. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

const HOUR_MS = 3_600_000;

/** When to try again, in words. */
export function whenAgain(waitMs: number | undefined): string {
  if (waitMs === undefined || waitMs > 48 * HOUR_MS) return "later";
  if (waitMs > 2 * HOUR_MS) return `in ${Math.ceil(waitMs / HOUR_MS)} hours`;
  return `in ${Math.ceil(waitMs / 1000)} seconds`;
}
