import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder that goes away when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "unclip-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The files of a folder, or of those of its files that `wanted` accepts, by their paths. */
export async function readFolder(
  folder: string,
  wanted: (path: string) => boolean = () => true,
): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const named = paths.map((path) => [relative(folder, path), path] as const).filter(([name]) => wanted(name));
  return Object.fromEntries(
    await Promise.all(named.map(async ([name, path]) => [name, await readFile(path)] as const)),
  );
}
