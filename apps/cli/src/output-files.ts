import { randomBytes } from "node:crypto";
import { access, constants, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { UnclipError } from "unclip";

/** Where `n` pictures go: `out` itself for one; for more, a number in front of the extension: picture-1.png, picture-2.png, ...
 * @returns absolute paths */
export function picturePaths(out: string, n: number): string[] {
  const path = resolve(out);
  if (n === 1) return [path];
  const extension = extname(path);
  const stem = path.slice(0, -extension.length);
  return Array.from({ length: n }, (_, index) => `${stem}-${index + 1}${extension}`);
}

/** Checks, before any work is done for them, that the pictures can be written.
 * @param messages a file name that serves as an example, and the flag that named the paths
 * @throws UnclipError "input" if a path is a folder, or lies where no file can be made */
export async function checkOutputPaths(
  paths: readonly string[],
  { example = "picture.png", flag = "--out" } = {},
): Promise<void> {
  for (const path of paths) {
    if ((await kindOf(path)) !== "folder") continue;
    throw new UnclipError("input", `${flag}: ${path} is a folder; name a file, such as ${join(path, example)}`);
  }
  let parent = dirname(paths[0]!);
  while ((await kindOf(parent)) === "nothing" && dirname(parent) !== parent) parent = dirname(parent);
  if ((await kindOf(parent)) !== "folder") {
    throw new UnclipError(
      "input",
      `${flag}: ${parent} is not a folder, so ${paths[0]} cannot be made in it; choose another path`,
    );
  }
  await access(parent, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw new UnclipError("input", `${flag}: no permission to write in ${parent}; choose another folder`, { cause });
  });
}

async function kindOf(path: string): Promise<"folder" | "other" | "nothing"> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return "nothing";
  return found.isDirectory() ? "folder" : "other";
}

/** Writes a file whole or not at all: under another name in the same folder, then renamed. Makes missing folders; replaces a file
 * of the same name.
 * @param flag what named the path, for messages
 * @throws UnclipError "input" if the file system refuses */
export async function writeWholeFile(path: string, bytes: Uint8Array, flag = "--out"): Promise<void> {
  const folder = dirname(path);
  const unfinished = join(folder, `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(unfinished, bytes, { flag: "wx" });
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnclipError(
      "input",
      `${flag}: ${path} could not be written (${reason}); free some space or choose another path`,
      { cause },
    );
  }
}
