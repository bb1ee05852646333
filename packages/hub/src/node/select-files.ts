import { quote, UnclipError } from "@unclip/tensor";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { HubFile, HubRepository, SelectFiles } from "../repository.js";
import type { HubSettings } from "./settings.js";

/** The files of a repository, and how to get at one. */
export interface RepositoryFiles<File extends HubFile> {
  readonly commit: string;
  readonly files: readonly File[];
  /** Where the file can be read. It is fetched first if need be. */
  readonly locate: (file: File) => Promise<string>;
}

/** The longest text that is read. A vocabulary has some 20 MB, and a string of JavaScript ends at half a gigabyte. */
const MOST_TEXT_BYTES = 2 ** 27;

/** The files that a selection function chooses.
 * @throws UnclipError "input" if it chooses nothing, or what is not there */
export async function selectFiles<File extends HubFile>(
  { name, variant }: HubSettings,
  { commit, files, locate }: RepositoryFiles<File>,
  select: SelectFiles,
): Promise<File[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const fileAt = (path: string): File => {
    const found = byPath.get(path);
    if (found !== undefined) return found;
    throw new UnclipError("input", `${name}: there is no file "${quote(path)}" at commit ${commit}`);
  };
  const repository: HubRepository = {
    name,
    commit,
    files,
    ...(variant !== undefined && { variant }),
    has: async (path) => byPath.has(path),
    sizeBytes: async (path) => fileAt(path).sizeBytes,
    bytes: async (path, start, end) => readRange(await locate(fileAt(path)), start, end),
    async text(path) {
      const file = fileAt(path);
      if (file.sizeBytes <= MOST_TEXT_BYTES) return readFile(await locate(file), "utf8");
      throw new UnclipError(
        "config",
        `${name}: ${quote(path)}: expected a text of at most ${MOST_TEXT_BYTES} bytes, got one of ${file.sizeBytes}`,
      );
    },
  };
  const paths: unknown = await select(repository);
  if (!Array.isArray(paths))
    throw new UnclipError(
      "input",
      `${name}: files: expected a function that returns a list of paths, got "${quote(paths)}"`,
    );
  const selected = [...new Set(paths as string[])].map(fileAt);
  if (selected.length > 0) return selected;
  throw new UnclipError(
    "input",
    `${name}: none of its ${files.length} files was selected; is it a model in the diffusers or transformers layout?`,
  );
}

/** The bytes [start, end) of a file, or as many of them as it has. */
async function readRange(path: string, start: number, end: number): Promise<Uint8Array> {
  if (end <= start) return new Uint8Array();
  const parts: Buffer[] = [];
  for await (const part of createReadStream(path, { start, end: end - 1 })) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
