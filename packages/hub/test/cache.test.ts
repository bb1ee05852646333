import type { HubFile, HubRepository } from "@unclip/hub/node";
import { lstat, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { gitSha1, MODEL, sha256 } from "../../../test-support/hub-server.js";
import { errorOf, expectSame, setUp, WEIGHTS, type Setup } from "./setup.js";

/** The codes with which a file system refuses: set by a test. */
const refuses = vi.hoisted(() => ({
  symlink: undefined as string | undefined,
  link: undefined as string | undefined,
  /** What is written to paths that match. */
  write: undefined as { code: string; paths: RegExp } | undefined,
}));
afterEach(() => void Object.assign(refuses, { symlink: undefined, link: undefined, write: undefined }));

vi.mock("node:fs/promises", async (load) => {
  const fs = await load<typeof import("node:fs/promises")>();
  const failure = (code: string) => Object.assign(new Error(code), { code });
  const refusing =
    <A extends unknown[], R>(name: "symlink" | "link", work: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      const code = refuses[name];
      if (code === "EEXIST") await work(...args); // another process was faster
      if (code !== undefined) throw failure(code);
      return work(...args);
    };
  const writeFile = async (path: string, ...rest: [string]) => {
    if (refuses.write?.paths.test(path)) throw failure(refuses.write.code);
    return fs.writeFile(path, ...rest);
  };
  return { ...fs, symlink: refusing("symlink", fs.symlink), link: refusing("link", fs.link), writeFile };
});

/** What a selection sees, offline. */
async function seenOffline({ open }: Setup): Promise<{ files: readonly HubFile[]; config: string }> {
  let files: readonly HubFile[] = [];
  let config = "";
  const select = async (repository: HubRepository) => {
    files = [...repository.files].sort((a, b) => (a.path < b.path ? -1 : 1));
    config = await repository.text("prior/config.json");
    return ["prior/config.json"];
  };
  await open({ offline: true, files: select });
  return { files, config };
}

describe("a snapshot whose list was never fetched", () => {
  it("is what its folder holds, offline", async () => {
    const setup = await setUp();
    const { at, commit } = setup;
    await mkdir(at("refs"), { recursive: true });
    await writeFile(at("refs/main"), commit);
    await mkdir(at("snapshots", commit, "prior"), { recursive: true });
    await writeFile(at("snapshots", commit, "prior/config.json"), "{ }");
    await writeFile(at("snapshots", commit, "empty.txt"), "");
    await symlink("nowhere", at("snapshots", commit, "gone.json"));
    expect(await seenOffline(setup)).toEqual({
      files: [
        { path: "empty.txt", sizeBytes: 0 },
        { path: "prior/config.json", sizeBytes: 3 },
      ],
      config: "{ }",
    });
  });

  it("is no model if its folder is empty, or the ref says nothing of use", async () => {
    const { at, commit, open, cacheDir } = await setUp();
    const missing = {
      code: "download",
      message: `${MODEL}: the model is not in the cache (${cacheDir}); open the model once without offline (HF_HUB_OFFLINE)`,
    };
    await mkdir(at("refs"), { recursive: true });
    for (const ref of [commit, "main", "../../x", commit.slice(1), `${commit}0`, ""]) {
      await writeFile(at("refs/main"), ref);
      expect(await errorOf(open({ offline: true }))).toEqual(missing);
    }
  });
});

describe("the list of files in the cache", () => {
  const listing = (files: unknown, version: unknown = 1) => JSON.stringify({ format_version: version, files });
  const counts = ({ hub }: Setup) => hub.exchanges.filter(({ path }) => path.includes("/tree/")).length;

  it("names large files by SHA-256 and others by git's SHA-1, as Python does", async () => {
    const { at, commit, open, files } = await setUp();
    await open();
    const entry = (path: string) => ({ size: files[path]!.length, blob_id: gitSha1(files[path]!) });
    const { length: size } = files[WEIGHTS]!;
    expect(JSON.parse(await readFile(at(".unclip", `${commit}.json`), "utf8"))).toEqual({
      format_version: 1,
      files: {
        "model_index.json": entry("model_index.json"),
        "prior/config.json": entry("prior/config.json"),
        [WEIGHTS]: { size, lfs_sha256: sha256(files[WEIGHTS]!), lfs_size: size },
        "tokenizer/vocab.json": entry("tokenizer/vocab.json"),
      },
    });
  });

  it.each(["trees", ".unclip"])("is read from %s", async (folder) => {
    const setup = await setUp();
    const { at, commit, files, open } = setup;
    const config = files["prior/config.json"]!;
    const entries = {
      "prior/config.json": { size: config.length, blob_id: gitSha1(config) },
      "x.bin": { size: 134, blob_id: "a".repeat(40), lfs_sha256: "b".repeat(64), lfs_size: 5e9 },
    };
    await mkdir(at(folder), { recursive: true });
    await writeFile(at(folder, `${commit}.json`), listing(entries));
    await open({ files: () => ["prior/config.json"] });
    expect(counts(setup)).toBe(0);
    expect(await seenOffline(setup)).toMatchObject({
      files: [
        { path: "prior/config.json", etag: gitSha1(config), sizeBytes: config.length },
        { path: "x.bin", etag: "b".repeat(64), sizeBytes: 5e9 },
      ],
      config: config.toString(),
    });
  });

  const good = { size: 2, blob_id: "a".repeat(40) };
  it.each<[string, string]>([
    ["no JSON", "{"],
    ["null", "null"],
    ["of another format", listing({ "model_index.json": good }, 2)],
    ["without files", listing(undefined)],
    ["with null for files", listing(null)],
    ["with a file of null", listing({ "model_index.json": null })],
    ["with a good file and a bad one", listing({ "model_index.json": good, "../x": good })],
    ["nested 5,000 deep", "[".repeat(5000) + "]".repeat(5000)],
  ])("is fetched again if it is %s", async (_, text) => {
    const setup = await setUp();
    const { at, commit, open } = setup;
    await mkdir(at(".unclip"), { recursive: true });
    await writeFile(at(".unclip", `${commit}.json`), text);
    expect((await open()).commit).toBe(commit);
    expect(counts(setup)).toBe(2);
    expect(JSON.parse(await readFile(at(".unclip", `${commit}.json`), "utf8"))).toMatchObject({ format_version: 1 });
    await open({ id: `${MODEL}@${commit}`, offline: true });
  });
});

describe("a ref", () => {
  it("is written for a branch, and only when it moved", async () => {
    const { at, commit, open, files, hub } = await setUp();
    await open({ id: `${MODEL}@${commit}` });
    await expect(readdir(at("refs"))).rejects.toThrow("ENOENT");
    await open();
    await utimes(at("refs/main"), 1, 1);
    await open();
    expect((await stat(at("refs/main"))).mtimeMs).toBe(1000);
    const moved = hub.push({ ...files, "README.md": Buffer.from("x") });
    await open();
    expect(await readFile(at("refs/main"), "utf8")).toBe(moved);
    expect(await readdir(at("refs"))).toEqual(["main"]);
  });
});

describe("a cache that cannot be written", () => {
  it.each(["EROFS", "EACCES", "EPERM"])("is read all the same: %s", async (code) => {
    const { open, commit, at } = await setUp();
    refuses.write = { code, paths: /\/(refs|\.unclip)\// };
    expect((await open()).commit).toBe(commit);
    await expect(stat(at("refs/main"))).rejects.toThrow("ENOENT");
    expect((await open()).commit).toBe(commit);
  });

  it("is named if it is full", async () => {
    const { open } = await setUp();
    refuses.write = { code: "ENOSPC", paths: /\/refs\// };
    expect((await errorOf(open())).message).toMatch(/\/refs\/main: the disk is full; free some space/);
  });
});

describe("a file of a snapshot", () => {
  it.each(["EPERM", "ENOSYS"])("is a second name of its blob where no links are to be had: %s", async (code) => {
    const { open, at, commit, files } = await setUp();
    refuses.symlink = code;
    await open();
    const pointer = await lstat(at("snapshots", commit, WEIGHTS));
    expect([pointer.isSymbolicLink(), pointer.nlink]).toEqual([false, 2]);
    expect(pointer.ino).toBe((await stat(at("blobs", sha256(files[WEIGHTS]!)))).ino);
  });

  it("is a copy where there are no second names either", async () => {
    const { open, at, commit, files } = await setUp();
    Object.assign(refuses, { symlink: "EPERM", link: "EPERM" });
    await open();
    const pointer = await lstat(at("snapshots", commit, WEIGHTS));
    expect([pointer.isSymbolicLink(), pointer.nlink]).toEqual([false, 1]);
    expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  });

  it("may have been made by another process meanwhile", async () => {
    for (const taken of [{ symlink: "EEXIST" }, { symlink: "EPERM", link: "EEXIST" }]) {
      const { open, at, commit, files } = await setUp();
      Object.assign(refuses, { symlink: undefined, link: undefined }, taken);
      await open();
      const pointer = await lstat(at("snapshots", commit, WEIGHTS));
      expect(pointer.isSymbolicLink()).toBe(taken.symlink === "EEXIST");
      if (taken.symlink !== "EEXIST") expect(pointer.nlink).toBe(2);
      expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
    }
  });

  it("is left as it is if it is whole, and made anew if it is not", async () => {
    const { open, at, commit, files } = await setUp();
    await open();
    const pointer = at("snapshots", commit, "model_index.json");
    await rm(pointer);
    await writeFile(pointer, files["model_index.json"]!); // somebody's own copy
    await open();
    expect((await lstat(pointer)).isFile()).toBe(true);
    await rm(pointer);
    await open();
    expect((await lstat(pointer)).isSymbolicLink()).toBe(true);
    await rm(dirname(at("snapshots", commit, WEIGHTS)), { recursive: true });
    await mkdir(at("snapshots", commit, WEIGHTS), { recursive: true }); // a folder is no file
    expect((await errorOf(open())).code).toBe("download");
  });
});
