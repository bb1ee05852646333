import type { HubProgress } from "@unclip/hub/node";
import { readFile, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MODEL, sha256, type Exchange, type Fault } from "../../../test-support/hub-server.js";
import { errorOf, expectSame, rangesOf, setUp, WEIGHTS } from "./setup.js";

describe("fetchSnapshot, stopped", () => {
  it("stops midway, keeps what has arrived and goes on from there", async () => {
    const { hub, open, files, at, commit } = await setUp();
    hub.fault = ({ on }) => (on === "storage" ? { slowMs: 50 } : undefined);
    const stop = new AbortController();
    const events: HubProgress[] = [];
    const onProgress = (event: HubProgress) => {
      events.push(event);
      if (event.file === WEIGHTS && event.fileLoaded > 0) stop.abort();
    };
    expect(await errorOf(open({ signal: stop.signal, onProgress }))).toEqual({
      code: "aborted",
      message: `${MODEL}: stopped on request`,
    });
    const many = events.length;
    const { size } = await stat(at("blobs", `${sha256(files[WEIGHTS]!)}.incomplete`));
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(files[WEIGHTS]!.length);
    await new Promise((done) => setTimeout(done, 200));
    expect(events.length).toBe(many); // nothing goes on behind the caller's back
    hub.exchanges.length = 0;
    await open();
    expect(rangesOf(hub)).toEqual([`bytes=${size}-`]);
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });

  it.each(["download", "verify", "done"] as const)("stops at a file's first event of %s", async (status) => {
    const { open, files, at, commit } = await setUp();
    const stop = new AbortController();
    const onProgress = (event: HubProgress) => (event.status === status ? stop.abort() : undefined);
    expect((await errorOf(open({ signal: stop.signal, onProgress }))).code).toBe("aborted");
    await expect(stat(at("snapshots"))).rejects.toThrow("ENOENT");
    await open();
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });

  it("stops when the last piece has arrived and the connection stays open", async () => {
    const { hub, open, files } = await setUp();
    const { length } = files[WEIGHTS]!;
    hub.fault = ({ on }) => (on === "storage" ? { slowMs: 30, stallAfter: length } : undefined);
    const stop = new AbortController();
    const onProgress = ({ fileLoaded }: HubProgress) => (fileLoaded === length ? stop.abort() : undefined);
    setTimeout(() => stop.abort(), 2000);
    expect((await errorOf(open({ signal: stop.signal, onProgress }))).code).toBe("aborted");
  });

  it.each<[string, (exchange: Exchange) => Fault | undefined]>([
    ["before it begins", () => undefined],
    ["while it asks for the revision", ({ path }) => (path.includes("/revision/") ? { silent: true } : undefined)],
    ["while it waits to try again", () => ({ status: 429, headers: { "retry-after": "50" } })],
    ["while the server is silent", ({ on }) => (on === "storage" ? { stallAfter: 0 } : undefined)],
  ])("stops %s", async (moment, fault) => {
    const { hub, open } = await setUp();
    hub.fault = fault;
    const signal = moment === "before it begins" ? AbortSignal.abort() : AbortSignal.timeout(200);
    const start = performance.now();
    const work = open({ signal });
    expect((await errorOf(work)).code).toBe("aborted");
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
