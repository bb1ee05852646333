import type { HubProgress } from "@unclip/hub/node";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { lutimes, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MODEL, sha256 } from "../../../test-support/hub-server.js";
import { CACHED, errorOf, expectSame, setUp, WEIGHTS, type Setup } from "./setup.js";

const lockOf = ({ cacheDir, files }: Setup) =>
  join(cacheDir, ".locks", CACHED, `${sha256(files[WEIGHTS]!)}.unclip.lock`);

/** A hub, and a lock on its large file. */
async function setUpLock(owner: unknown): Promise<Setup & { readonly lock: string }> {
  const setup = await setUp();
  const lock = lockOf(setup);
  await mkdir(dirname(lock), { recursive: true });
  await writeFile(lock, typeof owner === "string" ? owner : JSON.stringify(owner));
  return { ...setup, lock };
}

const seconds = (s: number) => Date.now() / 1000 + s;
/** Of another machine: whether this machine has such a process says nothing. */
const elsewhere = { host: "another-machine", pid: Number.MAX_SAFE_INTEGER, lock: "x" };
const here = { host: hostname(), pid: process.pid, lock: "x" };

/** A process id that was in use a moment ago. */
const deadPid = () => spawnSync(process.execPath, ["--version"]).pid;

/** Opens the model, and calls `onWait` whenever it waits for a lock. */
async function openWaiting({ open, at, commit, files }: Setup, onWait: (count: number) => unknown): Promise<number> {
  let waits = 0;
  const onProgress = ({ file, status }: HubProgress) => {
    if (status !== "wait") return;
    expect(file).toBe(WEIGHTS);
    void onWait(++waits);
  };
  await open({ onProgress, signal: AbortSignal.timeout(20_000) });
  expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  return waits;
}

const noLocks = async ({ cacheDir }: Setup) => expect(await readdir(join(cacheDir, ".locks", CACHED))).toEqual([]);

afterEach(() => void vi.useRealTimers());

describe("the lock of a file", () => {
  it.each<[string, () => unknown, number]>([
    ["a process of this machine that is gone", () => ({ ...here, pid: deadPid() }), 0],
    ["a process id beyond any", () => ({ ...here, pid: Number.MAX_SAFE_INTEGER }), 0],
    ["another machine, without a heartbeat for 61 s", () => elsewhere, -61],
    ["this process, without a heartbeat for 61 s", () => here, -61],
    ["nobody, since 61 s", () => "", -61],
  ])("is taken over at once from %s", async (_, owner, age) => {
    const setup = await setUpLock(owner());
    await utimes(setup.lock, seconds(age), seconds(age));
    expect(await openWaiting(setup, () => undefined)).toBe(0);
    await noLocks(setup);
  });

  it.each<[string, unknown, number]>([
    ["another machine, with a heartbeat 55 s ago", elsewhere, -55],
    ["this process", here, 0],
    ["init, whom we may not signal", { ...here, pid: 1 }, 0],
    ["a clock ahead of ours", elsewhere, 3600],
    ["null", "null", 0],
    ["nobody yet: it is just being written", "", 0],
    ["half a text", '{"host":', 0],
    ["a process id that is none", { ...here, pid: "x" }, 0],
    ["half a process", { ...here, pid: 1.5 }, 0],
    ["a group of processes", { ...here, pid: -1 }, 0],
    ["process 0", { ...here, pid: 0 }, 0],
  ])("is waited for, and progress says so, if it belongs to %s", async (_, owner, age) => {
    const setup = await setUpLock(owner);
    await utimes(setup.lock, seconds(age), seconds(age));
    expect(await openWaiting(setup, () => rm(setup.lock))).toBeGreaterThan(0);
    await noLocks(setup);
  });

  it("is waited for if it belongs to another user, whose process may not be signalled", async () => {
    const setup = await setUpLock(here);
    const denied = Object.assign(new Error("not yours"), { code: "EPERM" });
    vi.spyOn(process, "kill").mockImplementation(() => {
      throw denied;
    });
    expect(await openWaiting(setup, () => rm(setup.lock))).toBeGreaterThan(0);
    vi.restoreAllMocks();
  });

  it("is not waited for without end if its time lies in the future", async () => {
    const setup = await setUpLock(elsewhere);
    await utimes(setup.lock, seconds(1e6), seconds(1e6));
    vi.useFakeTimers({ toFake: ["performance"] });
    const waits = await openWaiting(setup, (count) => count === 1 && vi.advanceTimersByTime(60_001));
    expect(waits).toBe(1);
    await noLocks(setup);
  });

  it("is waited for as long as its owner shows life", async () => {
    const setup = await setUpLock(elsewhere);
    vi.useFakeTimers({ toFake: ["performance"] });
    let beats = 0;
    const heart = setInterval(() => {
      if (++beats === 4) return rm(setup.lock);
      vi.advanceTimersByTime(50_000);
      return utimes(setup.lock, seconds(beats), seconds(beats));
    }, 300); // slower than the lock is looked at
    await openWaiting(setup, () => expect(beats).toBeLessThan(4)).finally(() => clearInterval(heart));
    expect(beats).toBe(4);
    await noLocks(setup);
  });

  it("tells while it is waited for what has arrived", async () => {
    const setup = await setUpLock(elsewhere);
    const { at, files, lock, open } = setup;
    await mkdir(at("blobs"), { recursive: true });
    await writeFile(at("blobs", `${sha256(files[WEIGHTS]!)}.incomplete`), files[WEIGHTS]!.subarray(0, 1000));
    const events: HubProgress[] = [];
    await open({
      onProgress(event) {
        if (event.file === WEIGHTS) events.push(event);
        if (event.status === "wait") void rm(lock, { force: true });
      },
    });
    expect(events[0]).toMatchObject({ status: "wait", fileLoaded: 1000, fileTotal: files[WEIGHTS]!.length });
    expect(events[1]).toMatchObject({ status: "resume", fileLoaded: 1000 });
  });

  it("is removed if it is a link that leads nowhere, or a folder", async () => {
    const setup = await setUpLock(elsewhere);
    const { lock, at } = setup;
    await rm(lock);
    await symlink("nowhere", lock);
    await lutimes(lock, seconds(-61), seconds(-61));
    expect(await openWaiting(setup, () => undefined)).toBe(0);
    await noLocks(setup);

    await rm(at(), { recursive: true });
    await mkdir(join(lock, "inside"), { recursive: true });
    await utimes(lock, seconds(-61), seconds(-61));
    expect(await openWaiting(setup, () => undefined)).toBe(0);
    await noLocks(setup);
  });

  it("stays with its owner if the wait is stopped", async () => {
    const { open, lock } = await setUpLock(here);
    expect(await errorOf(open({ signal: AbortSignal.timeout(300) }))).toEqual({
      code: "aborted",
      message: `${MODEL}: stopped on request`,
    });
    expect(await readFile(lock, "utf8")).toBe(JSON.stringify(here));
  });

  it("has a heartbeat, and names its owner", async () => {
    const setup = await setUp();
    const { hub, open } = setup;
    hub.fault = ({ on }) => (on === "storage" ? { stallAfter: 1000 } : undefined);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const stop = new AbortController();
    const work = errorOf(open({ signal: stop.signal }));
    await expect.poll(() => readFile(lockOf(setup), "utf8").catch(() => "")).toContain(`"pid":${process.pid},`);
    expect(JSON.parse(await readFile(lockOf(setup), "utf8"))).toMatchObject({ host: hostname() });
    await utimes(lockOf(setup), 1, 1);
    vi.advanceTimersByTime(5000);
    await expect.poll(async () => (await stat(lockOf(setup))).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    stop.abort();
    expect((await work).code).toBe("aborted");
    expect(vi.getTimerCount()).toBe(0);
    await noLocks(setup);
  });

  it("may be gone when the work is done", async () => {
    const setup = await setUp();
    const onProgress = ({ file, status }: HubProgress) => {
      if (file === WEIGHTS && status === "verify") rmSync(lockOf(setup));
    };
    expect((await setup.open({ onProgress })).commit).toBe(setup.commit);
    await noLocks(setup);
  });

  it("is not removed by who has lost it", async () => {
    const setup = await setUp();
    const { hub, open } = setup;
    hub.fault = ({ on }) => (on === "storage" ? { stallAfter: 1000 } : undefined);
    const stop = new AbortController();
    const work = errorOf(open({ signal: stop.signal }));
    await expect.poll(() => readFile(lockOf(setup), "utf8").catch(() => "")).toContain(`"pid"`);
    await writeFile(lockOf(setup), JSON.stringify(elsewhere));
    stop.abort();
    await work;
    expect(await readFile(lockOf(setup), "utf8")).toBe(JSON.stringify(elsewhere));
  });
});
