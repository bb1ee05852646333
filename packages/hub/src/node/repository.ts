import { UnclipError } from "@unclip/tensor";
import { readFile } from "node:fs/promises";
import type { HubFile, HubRepository, SelectFiles } from "../hub.js";
import type { HubSettings } from "./settings.js";

/** The files of a repository, and how to get at one. */
export interface RepositoryFiles<File extends HubFile> {
  readonly commit: string;
  readonly files: readonly File[];
  /** Where the file can be read, after fetching it if need be. */
  readonly locate: (file: File) => Promise<string>;
}

/** The files that a selection function chooses.
 * @throws UnclipError "input" if it chooses nothing, or what is not there */
export async function selectFrom<File extends HubFile>(
  { name, variant }: HubSettings,
  { commit, files, locate }: RepositoryFiles<File>,
  select: SelectFiles,
): Promise<File[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const fileAt = (path: string): File => {
    const found = byPath.get(path);
    if (found !== undefined) return found;
    throw new UnclipError("input", `${name}: there is no file "${path}" at commit ${commit}`);
  };
  const read = async (path: string) => readFile(await locate(fileAt(path)));
  const repository: HubRepository = {
    name,
    commit,
    files,
    ...(variant !== undefined && { variant }),
    has: async (path) => byPath.has(path),
    sizeBytes: async (path) => fileAt(path).sizeBytes,
    bytes: async (path, start, end) => (await read(path)).subarray(start, end),
    text: async (path) => (await read(path)).toString("utf8"),
  };
  const selected = [...new Set(await select(repository))].map(fileAt);
  if (selected.length > 0) return selected;
  throw new UnclipError(
    "input",
    `${name}: none of its ${files.length} files was selected; is it a model in the diffusers or transformers layout?`,
  );
}
