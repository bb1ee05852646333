import type { HubProgress } from "@unclip/hub/node";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { gitSha1, MODEL, sha256, type Exchange, type Fault } from "../../../test-support/hub-server.js";
import { errorOf, expectSame, faults, rangesOf, setUp, WEIGHTS, type Setup } from "./setup.js";

describe("fetchSnapshot, broken connections", () => {
  it.each<[string, Fault[]]>([
    ["breaks midway", [{ breakAfter: 50_000 }]],
    ["breaks before the first byte", [{ breakAfter: 0 }]],
    [
      "ends too early again and again, but brings something each time",
      [30_000, 20_000, 20_000, 20_000, 20_000].map((endAfter) => ({ endAfter })),
    ],
    ["ends too early without a sign", [{ endAfter: 70_000 }]],
    ["goes silent", [{ stallAfter: 60_000 }]],
    ["answers 503, 500, 408", [{ status: 503, headers: { "retry-after": "0" } }, { status: 500 }, { status: 408 }]],
    ["refuses an address that expired", [{ status: 403 }]],
  ])("survives a storage server that %s", async (_, list) => {
    const { hub, open, files, at, commit } = await setUp();
    hub.fault = faults(...list);
    await open({ retries: 3, idleTimeoutMs: list[0]!.stallAfter === undefined ? 30_000 : 400 });
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
    const [fault] = list;
    const arrived = fault!.breakAfter ?? fault!.endAfter ?? fault!.stallAfter ?? 0;
    const [, second] = rangesOf(hub);
    if (arrived > 0) expect(second).toMatch(/^bytes=[1-9]\d*-$/);
    else expect(second).toBe(undefined);
  });

  it("survives a hub that fails while listing", async () => {
    const { hub, open, commit } = await setUp();
    const seen = new Set<string>();
    hub.fault = ({ path }) => {
      if (!path.startsWith("/api/") || seen.has(path)) return undefined;
      seen.add(path);
      return { status: 502 };
    };
    expect((await open()).commit).toBe(commit);
  });

  it("gives up after a bounded number of attempts, and goes on from there the next time", async () => {
    const { hub, open, files, at, commit } = await setUp();
    hub.fault = faults({ endAfter: 50_000 }, { status: 500 });
    expect(await errorOf(open({ retries: 1 }))).toEqual({
      code: "download",
      message: `${MODEL}: ${new URL(hub.storage).host} fails with 500 Internal Server Error; try again later`,
    });
    const partial = at("blobs", `${sha256(files[WEIGHTS]!)}.incomplete`);
    const { size } = await stat(partial);
    expect(size).toBeGreaterThan(0);
    const events: HubProgress[] = [];
    hub.exchanges.length = 0;
    await open({ onProgress: (event) => events.push(event) });
    expect(rangesOf(hub)).toEqual([`bytes=${size}-`]);
    expect(events.find(({ file }) => file === WEIGHTS)).toMatchObject({ fileLoaded: size, status: "resume" });
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
    await expect(stat(partial)).rejects.toThrow("ENOENT");
  });

  it("asks by If-Range whether the file is still the same, and begins anew if it is not", async () => {
    const { hub, open, files, at, commit } = await setUp();
    hub.fault = faults({ endAfter: 50_000 }, { endAfter: 20_000, ignoreRange: true }, undefined);
    await open();
    const sent = hub.requestsFor(WEIGHTS).map(({ headers }) => [headers.range !== undefined, headers["if-range"]]);
    const etag = `"stored-${sha256(files[WEIGHTS]!).slice(0, 8)}"`;
    expect(sent).toEqual([
      [false, undefined],
      [true, etag],
      [true, etag],
    ]);
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });

  it("takes up a small file with the hash as its ETag", async () => {
    const { hub, open, files, at } = await setUp();
    const etag = gitSha1(files["tokenizer/vocab.json"]!);
    await mkdir(at("blobs"), { recursive: true });
    await writeFile(at("blobs", `${etag}.incomplete`), files["tokenizer/vocab.json"]!.subarray(0, 1000));
    await open();
    const [{ headers }] = hub.requestsFor("tokenizer/vocab.json") as [Exchange];
    expect([headers.range, headers["if-range"]]).toEqual(["bytes=1000-", `"${etag}"`]);
  });

  it("says so when the hub cannot be reached", async () => {
    const { open } = await setUp();
    const { code, message } = await errorOf(open({ endpoint: "http://127.0.0.1:9", retries: 0 }));
    expect(code).toBe("download");
    expect(message).toMatch(
      /^maker\/karlo-tiny: http:\/\/127\.0\.0\.1:9 cannot be reached \(.+\); check the connection, or set HF_HUB_OFFLINE=1 to use what is in the cache$/,
    );
  });
});

describe("fetchSnapshot, damaged files", () => {
  const snapshotIsEmpty = async ({ at }: Setup) => expect(stat(at("snapshots"))).rejects.toThrow("ENOENT");
  const blobsOf = async ({ at, files }: Setup) => {
    const sha = sha256(files[WEIGHTS]);
    return Promise.all(
      [sha, `${sha}.incomplete`].map((name) =>
        stat(at("blobs", name)).then(
          () => name,
          () => undefined,
        ),
      ),
    );
  };

  it("fetches once more what has the wrong hash", async () => {
    const { hub, open, files, at, commit } = await setUp();
    hub.fault = faults({ corrupt: true });
    await open();
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
    expect(rangesOf(hub)).toEqual([undefined, undefined]);
  });

  it("throws away a beginning that is not the file's", async () => {
    const { open, files, at, commit } = await setUp();
    await mkdir(at("blobs"), { recursive: true });
    await writeFile(at("blobs", `${sha256(files[WEIGHTS]!)}.incomplete`), Buffer.alloc(1000, 7));
    await open();
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });

  it("refuses a file whose hash stays wrong", async () => {
    const setup = await setUp();
    setup.hub.fault = faults({ corrupt: true }, { corrupt: true });
    const { code, message } = await errorOf(setup.open());
    expect(code).toBe("download");
    expect(message).toMatch(
      new RegExp(`^${MODEL}: ${WEIGHTS} arrived damaged twice \\(hash [0-9a-f]{64}, expected [0-9a-f]{64}\\)`),
    );
    expect(await blobsOf(setup)).toEqual([undefined, undefined]);
    await snapshotIsEmpty(setup);
  });

  it("refuses a small file whose hash stays wrong", async () => {
    const setup = await setUp();
    setup.hub.fault = ({ path }) => (path.endsWith("/vocab.json") ? { corrupt: true } : undefined);
    expect((await errorOf(setup.open())).message).toMatch(
      /tokenizer\/vocab.json arrived damaged twice \(hash [0-9a-f]{40}, /,
    );
    await snapshotIsEmpty(setup);
  });

  it.each([
    [
      "by SHA-256, if it is in the store of large files",
      "pytorch_model.bin",
      /hash [0-9a-f]{64}, expected [0-9a-f]{64}/,
    ],
    ["by git's SHA-1, if it is a file like any other", "pytorch_model.pt", /hash [0-9a-f]{40}, expected [0-9a-f]{40}/],
  ])("checks a Python checkpoint %s", async (_, path, hashes) => {
    const weights = Buffer.from(Array.from({ length: 70_000 }, (__, i) => (i * 7) % 253));
    const { hub, open, at, commit } = await setUp({ files: { "config.json": Buffer.from("{}"), [path]: weights } });
    const corrupt = ({ path: asked }: Exchange) =>
      asked.includes("pt") || asked.includes("/store/") ? { corrupt: true } : undefined;
    hub.fault = corrupt;
    const { code, message } = await errorOf(open());
    expect([code, message]).toEqual(["download", expect.stringMatching(/arrived damaged twice/)]);
    expect(message).toMatch(hashes);
    await expect(stat(at("snapshots"))).rejects.toThrow("ENOENT");
    hub.fault = () => undefined;
    await open();
    expectSame(await readFile(at("snapshots", commit, path)), weights);
  });

  it("refuses a file that is longer than listed", async () => {
    const setup = await setUp();
    setup.hub.fault = faults({ tooLong: true });
    const { length } = setup.files[WEIGHTS]!;
    expect((await errorOf(setup.open())).message).toContain(
      `sends more than the ${length} bytes that ${WEIGHTS} is listed with`,
    );
    expect(await blobsOf(setup)).toEqual([undefined, undefined]);
  });

  it("refuses a file that stays too short", async () => {
    const setup = await setUp();
    setup.hub.fault = ({ on }) => (on === "storage" ? { endAfter: 0 } : undefined);
    expect((await errorOf(setup.open({ retries: 1 }))).message).toMatch(
      /it ended after 0 of \d+ bytes, again and again/,
    );
    await snapshotIsEmpty(setup);
  });

  it("refuses an offer with another hash than the listing's", async () => {
    const { hub, open } = await setUp();
    const headers = { location: `${hub.storage}/x`, "x-linked-etag": `"${"0".repeat(64)}"` };
    const offer: Fault = { status: 302, headers };
    hub.fault = ({ on, path }) => (on === "storage" ? { status: 200 } : path.endsWith(WEIGHTS) ? offer : undefined);
    expect((await errorOf(open())).message).toMatch(
      /is listed with hash [0-9a-f]{64}, but offered with 0{64}; check HF_ENDPOINT/,
    );
  });

  it("refuses a server that is no hub", async () => {
    const { hub, open } = await setUp();
    hub.fault = ({ path }) =>
      path.startsWith("/api/") ? { status: 200, headers: { "content-type": "text/html" } } : undefined;
    expect((await errorOf(open())).message).toMatch(
      /does not answer as a hub does; check HF_ENDPOINT, and whether a proxy/,
    );
  });
});
