import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MODEL } from "../../../test-support/hub-server.js";
import { errorOf, expectSame, faults, setUp, WEIGHTS } from "./setup.js";

const inMs = (ms: number) => new Date(Date.now() + ms).toUTCString();
const DAY_MS = 86_400_000;

/** Waits that are too long to be kept, and what a message says of them. */
const long: [string, () => string, RegExp][] = [
  ["61 seconds", () => "61", /in 61 seconds$/],
  ["an hour", () => "3600", /in 3600 seconds$/],
  ["two hours", () => "7200", /in 7200 seconds$/],
  ["a day", () => "86400", /in 24 hours$/],
  ["two days", () => "172800", /in 48 hours$/],
  ["a year", () => "31536000", /later$/],
  ["more than a timer can wait", () => "2147484", /later$/],
  ["more than can be counted", () => "9".repeat(400), /later$/],
  ["a date in an hour", () => inMs(3_600_000), /in (3600|3599) seconds$/],
  ["a date in a day", () => inMs(DAY_MS - 1000), /in 24 hours$/],
  ["the year 9999", () => "Fri, 31 Dec 9999 23:59:59 GMT", /later$/],
];

describe("a wait that a server asks for", () => {
  it.each([429, 503, 500, 408].flatMap((status) => long.map((row) => [status, ...row] as const)))(
    "ends the download if it is too long: %d, %s",
    async (status, _, after, when) => {
      const { hub, open } = await setUp();
      hub.fault = () => ({ status, headers: { "retry-after": after() } });
      const start = performance.now();
      const { code, message } = await errorOf(open({ token: "hf_x" }));
      if (status !== 408) expect(message.split("; try again ")[1]).toMatch(new RegExp(`^${when.source}`));
      expect(code).toBe("download");
      expect(hub.exchanges.length).toBe(1);
      expect(performance.now() - start).toBeLessThan(5000);
    },
  );

  it("ends the download if a storage server asks for it", async () => {
    const { hub, open } = await setUp();
    hub.fault = faults({ status: 403, headers: { "retry-after": "7200" } });
    expect((await errorOf(open())).message).toBe(
      `${MODEL}: ${new URL(hub.storage).host} fails with 403 Forbidden; try again in 7200 seconds`,
    );
  });

  it("is found in RateLimit, too", async () => {
    const { hub, open } = await setUp();
    hub.fault = () => ({ status: 429, headers: { ratelimit: '"api";r=0;t=7201' } });
    expect((await errorOf(open({ token: "hf_x" }))).message).toMatch(/; try again in 3 hours$/);
    expect(hub.exchanges.length).toBe(1);
  });

  it.each([429, 503, 408])("is kept if it is short: %d", async (status) => {
    const { hub, open } = await setUp();
    const wishes: Record<string, string>[] = [
      { "retry-after": "60" },
      { "retry-after": inMs(59_000) },
      { ratelimit: "r=0; t = 60" },
    ];
    for (const headers of wishes) {
      hub.fault = () => ({ status, headers });
      expect((await errorOf(open({ signal: AbortSignal.timeout(150) }))).code).toBe("aborted");
    }
    expect(hub.exchanges.length).toBe(3);
  });

  it.each([
    "",
    " ",
    "-1",
    "1.5",
    "1e3",
    "soon",
    "0x10",
    "x 1",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 99 Abc 9999 99:99:99 GMT",
    "\u009b31m",
  ])('is ours if theirs is "%s"', async (after) => {
    const { hub, open, files, at, commit } = await setUp();
    hub.fault = faults({ status: 503, headers: { "retry-after": after } });
    await open({ signal: AbortSignal.timeout(20_000) });
    expect(hub.requestsFor(WEIGHTS).length).toBe(2);
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });
});
