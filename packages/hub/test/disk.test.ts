import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { MODEL } from "../../../test-support/hub-server.js";
import { errorOf, setUp, WEIGHTS } from "./setup.js";

/** What a failing disk does: set by a test, asked by the functions below. */
const disk = vi.hoisted(() => ({
  writeError: undefined as string | undefined,
  freeBytes: undefined as number | undefined,
}));

vi.mock("node:fs/promises", async (load) => {
  const fs = await load<typeof import("node:fs/promises")>();
  const failing = async (path: unknown, flags: unknown) => {
    const file = await fs.open(path as string, flags as string);
    const error = Object.assign(new Error(`${disk.writeError}: write`), { code: disk.writeError });
    if (disk.writeError !== undefined) file.write = () => Promise.reject(error);
    return file;
  };
  const space = async (path: string) => {
    const real = await fs.statfs(path);
    return disk.freeBytes === undefined ? real : { ...real, bavail: disk.freeBytes, bsize: 1 };
  };
  return { ...fs, open: failing, statfs: space };
});

describe("fetchSnapshot, the disk", () => {
  it("says before it begins that the files do not fit", async () => {
    const { hub, open, cacheDir } = await setUp();
    disk.freeBytes = 1000;
    expect(await errorOf(open().finally(() => (disk.freeBytes = undefined)))).toEqual({
      code: "download",
      message:
        `${MODEL}: 0.00 GB are to be fetched, but the disk of ${cacheDir} has 0.00 GB free; ` +
        `free some space, or set HF_HUB_CACHE to a folder on a larger disk`,
    });
    expect(hub.requestsFor(WEIGHTS)).toEqual([]);
  });

  it.each([
    ["ENOSPC", /\.incomplete: the disk is full; free some space, or set HF_HUB_CACHE to a folder on a larger disk$/],
    ["EACCES", /\.incomplete: there is no permission to write here; set HF_HUB_CACHE to a folder of your own$/],
    ["EIO", /\.incomplete: cannot be written \(EIO: write\)$/],
  ])("says what %s means", async (code, message) => {
    const { open } = await setUp();
    disk.writeError = code;
    const error = await errorOf(open().finally(() => (disk.writeError = undefined)));
    expect(error.code).toBe("download");
    expect(error.message).toMatch(message);
    await open(); // and nothing of it stays behind
  });

  it("says that the cache is a file", async () => {
    const { open, cacheDir } = await setUp();
    await writeFile(cacheDir, "");
    const { message } = await errorOf(open({ cacheDir: join(cacheDir, "inside") }));
    expect(message).toMatch(/a part of this path is a file; set HF_HUB_CACHE to a folder$/);
  });
});
