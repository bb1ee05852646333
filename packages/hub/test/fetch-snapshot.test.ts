import type { HubProgress } from "@unclip/hub/node";
import { lstat, readFile, readlink, rm, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { readFolder } from "../../../test-support/folders.js";
import { gitSha1, MODEL, sha256 } from "../../../test-support/hub-server.js";
import { expectSame, setUp, WEIGHTS } from "./setup.js";

describe("fetchSnapshot", () => {
  it("fetches the files that are chosen", async () => {
    const { open, at, commit, files } = await setUp();
    const snapshot = await open({ files: () => [WEIGHTS, "model_index.json"] });
    expect(snapshot).toEqual({ id: MODEL, revision: "main", commit, directory: at("snapshots", commit) });
    const fetched = await readFolder(snapshot.directory);
    expect(Object.keys(fetched)).toEqual(["model_index.json", WEIGHTS]);
    for (const [path, bytes] of Object.entries(fetched)) expectSame(bytes, files[path]);
  });

  it("fills the cache as Python's huggingface_hub does", async () => {
    const { open, at, commit, files } = await setUp();
    await open();
    expect(await readFile(at("refs/main"), "utf8")).toBe(commit);
    for (const [path, bytes] of Object.entries(files)) {
      const etag = path.endsWith(".safetensors") ? sha256(bytes) : gitSha1(bytes);
      const up = "../".repeat(path.split("/").length + 1);
      expect(await readlink(at("snapshots", commit, path)), path).toBe(`${up}blobs/${etag}`);
      expect((await lstat(at("blobs", etag))).isFile(), path).toBe(true);
      expectSame(await readFile(at("snapshots", commit, path)), bytes);
    }
    const left = Object.keys(await readFolder(dirname(at())));
    expect(left.filter((path) => /incomplete|lock$|tmp$/.test(path))).toEqual([]);
  });

  it("fetches once what is in the cache, and nothing at all for a commit", async () => {
    const { open, hub, commit } = await setUp();
    await open();
    hub.exchanges.length = 0;
    await open();
    expect(hub.exchanges.map(({ path }) => path)).toEqual([`/api/models/${MODEL}/revision/main`]);
    hub.exchanges.length = 0;
    expect((await open({ id: `${MODEL}@${commit}` })).revision).toBe(commit);
    expect(hub.exchanges).toEqual([]);
  });

  it("reports one bar over all files", async () => {
    const { open, files } = await setUp();
    const events: HubProgress[] = [];
    await open({ onProgress: (event) => events.push(event) });
    const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    expect(events.every((event) => event.total === total && event.loaded <= total)).toBe(true);
    expect(events.map(({ loaded }) => loaded)).toEqual(events.map(({ loaded }) => loaded).sort((a, b) => a - b));
    expect(events.at(-1)).toMatchObject({ loaded: total, status: "done" });
    const ofWeights = events.filter(({ file }) => file === WEIGHTS);
    expect([...new Set(ofWeights.map(({ status }) => status))]).toEqual(["download", "verify", "done"]);
    expect(ofWeights.at(-1)).toMatchObject({ fileLoaded: files[WEIGHTS]!.length, fileTotal: files[WEIGHTS]!.length });

    events.length = 0;
    await open({ onProgress: (event) => events.push(event) });
    expect(events).toEqual([]);
  });

  it("follows a branch that moved, and fetches only what changed", async () => {
    const { open, hub, files, at, commit } = await setUp();
    await open();
    const moved = hub.push({ ...files, "prior/config.json": "{}" });
    hub.exchanges.length = 0;
    expect((await open()).commit).toBe(moved);
    expect(await readFile(at("snapshots", moved, "prior/config.json"), "utf8")).toBe("{}");
    expect(hub.exchanges.filter(({ path }) => path.includes("/resolve/")).map(({ path }) => path)).toEqual([
      `/${MODEL}/resolve/${moved}/prior/config.json`,
    ]);
    expect(await readFile(at("refs/main"), "utf8")).toBe(moved);
    expect((await open({ id: `${MODEL}@${commit}`, offline: true })).commit).toBe(commit); // the old one is still there
  });

  it("keeps the old snapshot when the new one cannot be had", async () => {
    const { open, hub, files, commit } = await setUp();
    await open();
    hub.push({ ...files, [WEIGHTS]: Buffer.concat([files[WEIGHTS]!, Buffer.alloc(8)]) });
    hub.fault = ({ on }) => (on === "storage" ? { status: 500 } : undefined);
    await expect(open({ retries: 0 })).rejects.toMatchObject({ code: "download" });
    expect((await open({ offline: true })).commit).toBe(commit);
  });

  it("opens tags and pull requests, whose names have a slash", async () => {
    const { open, hub, files, at } = await setUp();
    const commit = hub.push({ ...files, "README.md": "" }, "refs/pr/1"); // an empty file, too
    expect(await open({ id: `${MODEL}@refs/pr/1` })).toMatchObject({ commit, revision: "refs/pr/1" });
    expect(await readFile(at("refs/refs/pr/1"), "utf8")).toBe(commit);
    expect((await stat(at("snapshots", commit, "README.md"))).size).toBe(0);
  });

  it("repairs a file of the cache that is cut off", async () => {
    const { open, commit, at, files } = await setUp();
    await open();
    await truncate(at("snapshots", commit, WEIGHTS), 100);
    await expect(open({ offline: true })).rejects.toThrow(`${WEIGHTS} is not in the cache`);
    await open();
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });

  it("does without symbolic links where they are off", async () => {
    vi.stubEnv("HF_HUB_DISABLE_SYMLINKS", "1");
    const { open, commit, at, files } = await setUp();
    await open();
    const pointer = await lstat(at("snapshots", commit, WEIGHTS));
    expect([pointer.isFile(), pointer.nlink]).toEqual([true, 2]); // a second name, no copy
    expect((await stat(at("blobs", sha256(files[WEIGHTS]!)))).ino).toBe(pointer.ino);
    vi.unstubAllEnvs();
  });
});

describe("fetchSnapshot, offline", () => {
  it("makes no request once a model is cached", async () => {
    const { open, hub, commit } = await setUp();
    await open();
    hub.exchanges.length = 0;
    const forbidden = vi.fn<typeof fetch>();
    expect((await open({ offline: true, fetch: forbidden })).commit).toBe(commit);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect((await open({ fetch: forbidden })).commit).toBe(commit);
    vi.unstubAllEnvs();
    expect([hub.exchanges.length, forbidden.mock.calls.length]).toEqual([0, 0]);
  });

  it("says what is missing", async () => {
    const { open, cacheDir } = await setUp();
    const message = (what: string) =>
      `${MODEL}: ${what} is not in the cache (${cacheDir}); open the model once without offline (HF_HUB_OFFLINE)`;
    await expect(open({ offline: true })).rejects.toMatchObject({ code: "download", message: message("the model") });
    await open({ files: () => ["model_index.json", "prior/config.json"] });
    expect((await open({ offline: true, files: () => ["prior/config.json"] })).revision).toBe("main");
    await expect(open({ offline: true })).rejects.toThrow(message(`${WEIGHTS} and 1 more`));
    await expect(open({ offline: true, id: `${MODEL}@v2` })).rejects.toThrow("the model is not in the cache");
  });

  it("opens what an interrupted download left complete", async () => {
    const { open, hub, commit, at } = await setUp();
    hub.fault = ({ on }) => (on === "storage" ? { status: 500 } : undefined);
    await expect(open({ retries: 0 })).rejects.toMatchObject({ code: "download" });
    await expect(stat(at("snapshots"))).rejects.toThrow("ENOENT"); // no half snapshot for others to find
    hub.fault = () => undefined;
    await open();
    await rm(at("snapshots"), { recursive: true });
    expect((await open({ offline: true })).commit).toBe(commit); // linked anew from the blobs
  });
});

describe("fetchSnapshot, addresses", () => {
  it("sends the token to the hub, not to the storage server", async () => {
    const { open, hub } = await setUp({ token: "hf_secret" });
    await open({ token: "hf_secret" });
    const sent = (on: string) => new Set(hub.exchanges.filter((e) => e.on === on).map((e) => e.headers.authorization));
    expect([[...sent("hub")], [...sent("storage")]]).toEqual([["Bearer hf_secret"], [undefined]]);
  });

  it("stays with a mirror that passes on the public hub's addresses of further pages", async () => {
    const { open, hub, commit } = await setUp();
    hub.pagesAt = "https://huggingface.co";
    expect((await open()).commit).toBe(commit);
    expect(hub.exchanges.filter(({ path }) => path.includes("/tree/")).length).toBe(2);
  });
});
