import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { checkDiskSpace, checkOutputPaths, numberedPaths, writeWholeFile } from "../src/output-files.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/** Folders in which the file system allows nothing. Mode bits would not do: tests may run as root, whom they do not bind. */
const forbidden = vi.hoisted(() => new Set<string>());

vi.mock("node:fs/promises", async (importOriginal) => {
  const fs = await importOriginal<typeof import("node:fs/promises")>();
  const denied = () => Promise.reject(Object.assign(new Error("permission denied"), { code: "EACCES" }));
  return { ...fs, access: (path: string, mode?: number) => (forbidden.has(path) ? denied() : fs.access(path, mode)) };
});

describe("numberedPaths", () => {
  it("keeps the name of a single picture", () => expect(numberedPaths("a/b.png", 1)).toEqual([resolve("a/b.png")]));

  it("numbers several from 1, in front of the extension", () => {
    expect(numberedPaths("v1.0/b.PNG", 2)).toEqual([resolve("v1.0/b-1.PNG"), resolve("v1.0/b-2.PNG")]);
  });
});

describe("checkOutputPaths", () => {
  it("accepts a file that exists and folders that do not", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "old.png"), "old");
    await checkOutputPaths([join(folder, "old.png"), join(folder, "a/b/new.png")]);
    expect(await readdir(folder)).toEqual(["old.png"]);
  });

  it("refuses a folder, and says what to name instead", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "x.png"));
    await expect(checkOutputPaths([join(folder, "x.png")])).rejects.toThrow(
      `--out: ${join(folder, "x.png")} is a folder; name a file, such as ${join(folder, "x.png", "picture.png")}`,
    );
  });

  it("refuses a file in place of a parent folder", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    await expect(checkOutputPaths([join(folder, "file/sub/x.png")])).rejects.toThrow(
      `${join(folder, "file")} is not a folder`,
    );
  });
});

describe("checkOutputPaths and names", () => {
  it("takes 250 bytes, which can then be written", async () => {
    const path = join(await temporaryFolder(), `${"é".repeat(123)}.png`);
    await checkOutputPaths([path]);
    await writeWholeFile(path, Uint8Array.of(1));
    expect([...(await readFile(path))]).toEqual([1]);
  });

  it("refuses a longer name than the file system takes, of a file and of a folder that is to be made", async () => {
    const folder = await temporaryFolder();
    const long = "x".repeat(260);
    for (const path of [`${long}.png`, `new/${long}.png`, `new/${long}/x.png`]) {
      await expect(checkOutputPaths([join(folder, path)])).rejects.toThrow(
        /--out: the name .* is longer than the file system allows; choose a shorter one/,
      );
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a name that becomes too long by its number", async () => {
    const paths = numberedPaths(join(await temporaryFolder(), `${"x".repeat(250)}.png`), 10);
    await expect(checkOutputPaths(paths)).rejects.toThrow("is longer than the file system allows");
  });

  it("refuses a device", async () => {
    await expect(checkOutputPaths(["/dev/null"])).rejects.toThrow("--out: /dev/null is a device or a pipe");
  });

  it("refuses a folder without permission", async () => {
    const folder = await temporaryFolder();
    forbidden.add(folder);
    await expect(checkOutputPaths([join(folder, "x.png")])).rejects.toThrow(/--out: no permission to write in/);
  });
});

describe("checkDiskSpace", () => {
  it("accepts what fits, also in a folder that is to be made", async () => {
    await checkDiskSpace(join(await temporaryFolder(), "a/b/x.png"), 1);
  });

  it("refuses what does not", async () => {
    await expect(checkDiskSpace(join(await temporaryFolder(), "x.png"), 2 ** 60)).rejects.toThrow(
      /--out: the disk of .* is full \(up to 1152921504606\.8 MB are needed, [\d.]+ MB are free\); free some space/,
    );
  });
});

describe("writeWholeFile", () => {
  it("makes folders, replaces a file, and leaves nothing else", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a/b/x.png");
    await writeWholeFile(path, Uint8Array.of(1, 2));
    await writeWholeFile(path, Uint8Array.of(3));
    expect([...(await readFile(path))]).toEqual([3]);
    expect(await readdir(join(folder, "a/b"))).toEqual(["x.png"]);
  });

  it("leaves nothing behind when it fails", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "x.png/full"), { recursive: true });
    await expect(writeWholeFile(join(folder, "x.png"), Uint8Array.of(1))).rejects.toThrow("could not be written");
    expect(await readdir(folder)).toEqual(["x.png"]);
  });
});
