import { randomBytes } from "node:crypto";
import { access, constants, mkdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { UnclipError } from "unclip";
import { quotePath } from "./quote-path.js";
import { reasonOf } from "./read-file.js";

/** Names for `n` files: `out` itself for one; for more, a number in front of the extension: picture-1.png, picture-2.png, ...
 * @returns absolute paths */
export function numberedPaths(out: string, n: number): string[] {
  const path = resolve(out);
  if (n === 1) return [path];
  const extension = extname(path);
  const stem = path.slice(0, -extension.length);
  return Array.from({ length: n }, (_, index) => `${stem}-${index + 1}${extension}`);
}

/** Options of `checkOutputPaths`. */
export interface OutputOptions {
  /** A file name that serves as an example, for messages; default picture.png. */
  readonly example?: string;
  /** The option that named the paths, for messages; default --out. */
  readonly flag?: string;
}

/** Checks, before any work is done for them, that files can be written.
 * @param paths absolute, in one folder
 * @throws UnclipError "input" if a path is a folder or a device, its name is longer than the file system allows, or it lies where no file can be made */
export async function checkOutputPaths(
  paths: readonly string[],
  { example = "picture.png", flag = "--out" }: OutputOptions = {},
): Promise<void> {
  const refused = (reason: string) => new UnclipError("input", `${flag}: ${reason}`);
  const folder = dirname(paths[0]!);
  let parent = folder;
  while ((await kindOf(parent, flag)) === "nothing" && dirname(parent) !== parent) parent = dirname(parent);
  if ((await kindOf(parent, flag)) !== "folder") {
    const reason = `is not a folder, so ${quotePath(paths[0]!)} cannot be made in it; choose another path`;
    throw refused(`${quotePath(parent)} ${reason}`);
  }
  for (const path of paths) {
    const kind = await kindOf(path, flag);
    if (kind === "folder")
      throw refused(`${quotePath(path)} is a folder; name a file, such as ${quotePath(join(path, example))}`);
    if (kind === "other") throw refused(`${quotePath(path)} is a device or a pipe; choose another name`);
    await checkNames(parent, path, flag);
  }
  await access(parent, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    const reason = `no permission to write in ${quotePath(parent)}; choose another folder`;
    throw new UnclipError("input", `${flag}: ${reason}`, { cause });
  });
}

/** Checks that the file system allows the names of the folders and of the file that are to be made in `parent`. */
async function checkNames(parent: string, path: string, flag: string): Promise<void> {
  const names = path.slice(parent.length).split(/[/\\]/).filter(Boolean);
  for (const name of names) await kindOf(join(parent, name), flag); // a file system refuses a name only where it is looked up
}

/** What there is at a path.
 * @throws UnclipError "input" if the file system cannot have such a path */
async function kindOf(path: string, flag: string): Promise<"folder" | "file" | "other" | "nothing"> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return "folder";
    return found.isFile() ? "file" : "other";
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENAMETOOLONG") return "nothing";
    const reason = "is longer than the file system allows; choose a shorter one";
    throw new UnclipError("input", `${flag}: the name ${quotePath(path)} ${reason}`, { cause });
  }
}

/** Checks that the disk has room.
 * @param path absolute, of a file that can be written
 * @param bytes the most that will be written
 * @throws UnclipError "input" if the disk has less */
export async function checkDiskSpace(path: string, bytes: number, flag = "--out"): Promise<void> {
  let folder = dirname(path);
  while ((await kindOf(folder, flag)) === "nothing" && dirname(folder) !== folder) folder = dirname(folder);
  const disk = await statfs(folder).catch(() => undefined); // not every file system tells
  const free = disk === undefined || disk.blocks === 0 ? Infinity : disk.bavail * disk.bsize;
  if (free >= bytes) return;
  const need = `up to ${megabytes(bytes)} are needed, ${megabytes(free)} are free`;
  throw new UnclipError("input", `${flag}: the disk of ${quotePath(folder)} is full (${need}); free some space`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Writes a file whole or not at all: under another name in the same folder, then renamed. Makes missing folders; replaces a file
 * of the same name.
 * @param flag what named the path, for messages
 * @throws UnclipError "input" if the file system refuses */
export async function writeWholeFile(path: string, bytes: Uint8Array, flag = "--out"): Promise<void> {
  const folder = dirname(path);
  const unfinished = join(folder, `.unclip-${randomBytes(8).toString("hex")}.tmp`); // short, however long the file's own name is
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(unfinished, bytes, { flag: "wx" });
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined); // the first error is the one that tells
    throw new UnclipError(
      "input",
      `${flag}: ${quotePath(path)} could not be written (${reasonOf(cause)}); free some space or choose another path`,
      { cause },
    );
  }
}
