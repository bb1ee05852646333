import { mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MODEL, sha256 } from "../../../test-support/hub-server.js";
import { CACHED, errorOf, rangesOf, setUp, WEIGHTS } from "./setup.js";

/** What a failing disk does: set by a test, asked by the functions below. */
const disk = vi.hoisted(() => ({
  writeError: undefined as string | undefined,
  lockError: undefined as string | undefined,
  renameError: undefined as string | undefined,
  freeBytes: undefined as number | undefined,
  tellsSpace: true,
  writeMs: 0,
  /** At most so many bytes by one write. */
  writeBytes: Infinity,
  written: 0,
}));
const healthy = { ...disk };
afterEach(() => void Object.assign(disk, healthy));

vi.mock("node:fs/promises", async (load) => {
  const fs = await load<typeof import("node:fs/promises")>();
  const failure = (code: string, what: string) => Object.assign(new Error(`${code}: ${what}`), { code });
  const open = async (path: string, flags: string) => {
    const file = await fs.open(path, flags);
    const write = file.write.bind(file) as (...args: unknown[]) => Promise<{ bytesWritten: number }>;
    const failing = async (bytes: Uint8Array, offset: number, length: number, position: number) => {
      if (disk.writeError !== undefined) throw failure(disk.writeError, "write");
      if (disk.writeMs > 0) await new Promise((done) => setTimeout(done, disk.writeMs));
      disk.written += length;
      return write(bytes, offset, Math.min(length, disk.writeBytes), position);
    };
    return Object.assign(file, { write: failing });
  };
  const statfs = async (path: string) => {
    if (!disk.tellsSpace) throw failure("ENOSYS", "statfs");
    const real = await fs.statfs(path);
    return disk.freeBytes === undefined ? real : { ...real, bavail: disk.freeBytes / 4, bsize: 4 };
  };
  const rename = async (from: string, to: string) => {
    if (disk.renameError !== undefined) throw failure(disk.renameError, "rename");
    return fs.rename(from, to);
  };
  const writeFile = async (path: string, text: string, options: { flag: string }) => {
    if (disk.lockError !== undefined && path.endsWith(".lock")) throw failure(disk.lockError, "open");
    return fs.writeFile(path, text, options);
  };
  return { ...fs, open, statfs, rename, writeFile };
});

const tooSmall = (cacheDir: string, needed: string, free: string) => ({
  code: "download",
  message:
    `${MODEL}: ${needed} GB are to be fetched, but the disk of ${cacheDir} has ${free} GB free; ` +
    `free some space, or set HF_HUB_CACHE to a folder on a larger disk`,
});

describe("the space on the disk", () => {
  it("is compared with what is to be fetched, before it begins", async () => {
    const { hub, open, cacheDir, files } = await setUp();
    const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    disk.freeBytes = total - 1;
    expect(await errorOf(open())).toEqual(tooSmall(cacheDir, "0.00", "0.00"));
    expect(hub.requestsFor(WEIGHTS)).toEqual([]);
    disk.freeBytes = total;
    await open();
  });

  it("is compared with the sizes that the hub lists, however large", async () => {
    const { hub, open, cacheDir } = await setUp();
    const entry = { type: "file", path: "x.bin", oid: "a".repeat(40), size: 5e12 };
    const { fault } = hub;
    hub.fault = ({ path }) => (path.includes("/tree/") ? { status: 200, text: JSON.stringify([entry]) } : undefined);
    disk.freeBytes = 20e9;
    expect(await errorOf(open())).toEqual(tooSmall(cacheDir, "5000.00", "20.00"));
    hub.fault = fault;
  });

  it("need not hold what is in the cache, nor the same content twice", async () => {
    const { open, files, at } = await setUp();
    const bytes = files[WEIGHTS]!;
    await open({ files: () => ["model_index.json"] });
    disk.freeBytes = bytes.length - 1000;
    await mkdir(at("blobs"), { recursive: true });
    await writeFile(at("blobs", `${sha256(bytes)}.incomplete`), bytes.subarray(0, 1000));
    await open({ files: () => ["model_index.json", WEIGHTS] });

    const twice = await setUp({ files: { "a.bin": bytes, "b.bin": bytes } });
    disk.freeBytes = bytes.length;
    await twice.open();
    expect(twice.hub.requestsFor("a.bin").length).toBe(1);
  });

  it("is compared with a file that the selection reads", async () => {
    const { hub, open, cacheDir } = await setUp();
    disk.freeBytes = 10;
    const files = async (repository: { text: (path: string) => Promise<string> }) => [
      await repository.text("tokenizer/vocab.json"),
    ];
    expect(await errorOf(open({ files }))).toEqual(tooSmall(cacheDir, "0.00", "0.00"));
    expect(hub.requestsFor("tokenizer/vocab.json")).toEqual([]);
  });

  it("is looked at again before each file: others use the disk, too", async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}.json`, Buffer.from(`[${i}]`)]));
    const { hub, open, cacheDir } = await setUp({ files: many });
    const onProgress = ({ status }: { status: string }) => {
      if (status === "done") disk.freeBytes = 1;
    };
    expect(await errorOf(open({ onProgress }))).toEqual(tooSmall(cacheDir, "0.00", "0.00"));
    expect(hub.requestsFor("8.json")).toEqual([]);
  });

  it("is no matter where the file system does not tell it", async () => {
    const { open, commit } = await setUp();
    disk.tellsSpace = false;
    expect((await open()).commit).toBe(commit);
  });

  it("is not used up by a file that goes on beyond its size", async () => {
    const { hub, open, files, at } = await setUp();
    const text = "x".repeat(40_000);
    hub.fault = ({ on }) => (on === "storage" ? { status: 200, text, endlessMs: 1 } : undefined);
    expect((await errorOf(open({ files: () => [WEIGHTS] }))).message).toContain(
      `the server sends more than the 150000 bytes that ${WEIGHTS} is listed with; check whether a proxy changes files`,
    );
    expect(disk.written).toBeLessThanOrEqual(files[WEIGHTS]!.length);
    expect(await readdir(at("blobs"))).toEqual([]);
    expect(hub.requestsFor(WEIGHTS).length).toBe(1);
  });
});

describe("a disk", () => {
  it.each([
    ["ENOSPC", /\.incomplete: the disk is full; free some space, or set HF_HUB_CACHE to a folder on a larger disk$/],
    [
      "EDQUOT",
      /\.incomplete: the disk quota is used up; free some space, or set HF_HUB_CACHE to a folder on another disk$/,
    ],
    ["EACCES", /\.incomplete: there is no permission to write here; set HF_HUB_CACHE to a folder of your own$/],
    ["EPERM", /\.incomplete: there is no permission to write here; set HF_HUB_CACHE to a folder of your own$/],
    ["EROFS", /\.incomplete: this disk is read-only; set HF_HUB_CACHE to a folder that can be written$/],
    ["EIO", /\.incomplete: cannot be written \(EIO: write\)$/],
  ])("that fails with %s ends the download with the cure", async (code, message) => {
    const { open } = await setUp();
    disk.writeError = code;
    const error = await errorOf(open());
    expect(error.code).toBe("download");
    expect(error.message).toMatch(message);
    disk.writeError = undefined;
    await open(); // and nothing of it stays behind
  });

  it("that is slow is not taken for a silent server", async () => {
    const { hub, open } = await setUp();
    disk.writeMs = 400;
    await open({ files: () => [WEIGHTS], idleTimeoutMs: 300 });
    expect(rangesOf(hub)).toEqual([undefined]);
  });

  it("that takes little at a time gets everything", async () => {
    const { open, commit } = await setUp();
    disk.writeBytes = 999;
    expect((await open()).commit).toBe(commit);
  });

  it("on which the cache is a file is named", async () => {
    const { open, cacheDir } = await setUp();
    await writeFile(cacheDir, "");
    const inside = join(cacheDir, "inside");
    const { message } = await errorOf(open({ cacheDir: inside }));
    expect(message).toBe(`${inside}: a part of this path is a file; set HF_HUB_CACHE to a folder`);
  });

  it("on which no lock can be made is named, not waited for", async () => {
    const { open } = await setUp();
    disk.lockError = "EROFS";
    expect((await errorOf(open())).message).toMatch(/\.unclip\.lock: this disk is read-only; set HF_HUB_CACHE to/);
  });

  it("on which a lock of nobody cannot be removed is named, not waited for", async () => {
    const { open, cacheDir, files } = await setUp();
    const lock = join(cacheDir, ".locks", CACHED, `${sha256(files[WEIGHTS]!)}.unclip.lock`);
    await mkdir(dirname(lock), { recursive: true });
    await writeFile(lock, "");
    await utimes(lock, 1, 1);
    disk.renameError = "EACCES";
    expect(await errorOf(open({ files: () => [WEIGHTS] }))).toEqual({
      code: "download",
      message: `${lock}: there is no permission to write here; set HF_HUB_CACHE to a folder of your own`,
    });
    disk.renameError = "ENOENT"; // another process was faster, again and again
    const stopped = open({ files: () => [WEIGHTS], signal: AbortSignal.timeout(300) });
    expect((await errorOf(stopped)).code).toBe("aborted");
    expect((await stat(lock)).isFile()).toBe(true);
  });
});
