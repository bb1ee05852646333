import { resolve } from "node:path";
import { encodeApng, UnclipError, type Generation, type Picture } from "unclip";
import { encodeGif } from "./gif.js";
import { checkOutputPaths, numberedPaths, writeWholeFile } from "./output-files.js";
import { pictureGrid } from "./picture-layout.js";
import { quotePath } from "./quote-path.js";
import { recipeTexts, type Shown } from "./recipe.js";
import { shortPath } from "./short-path.js";
import type { Host } from "./host.js";

/** A file that shows pictures of a generation. */
export interface ResultFile {
  /** Absolute. */
  readonly path: string;
  /** The option that named it, for messages; default --out. */
  readonly flag?: string;
  readonly shows: Shown;
}

/** A file that was written. */
export interface WrittenFile {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Of an animation. */
  readonly frames?: number;
}

/** A file for each of `n` pictures: `out` itself, or numbered. */
function pictureFiles(out: string, n: number): ResultFile[] {
  return numberedPaths(out, n).map((path, i) => ({ path, shows: { picture: i + 1 } }));
}

/** Names of the files of several pictures. */
export interface Film {
  out?: string;
  sheet?: string;
}

/** The option values that say how several pictures are shown. */
export interface FilmFlags extends Film {
  columns: number;
  delay: number;
}

/** The files of several pictures that belong together: --out gives a PNG file of each or, by its extension, an animation; --sheet all of
 * them side by side.
 * @param pictures how many there will be
 * @param without what is written where neither is given */
export function filmFiles(flags: FilmFlags, pictures: number, without: Film): ResultFile[] {
  const { columns, delay } = flags;
  const { out, sheet } = flags.out === undefined && flags.sheet === undefined ? without : flags;
  const film =
    out === undefined
      ? []
      : isAnimation(out)
        ? [{ path: resolve(out), shows: { delayMs: delay } }]
        : pictureFiles(out, pictures);
  return sheet === undefined ? film : [...film, { path: resolve(sheet), flag: "--sheet", shows: { columns } }];
}

/** Whether a file name is that of an animation. */
export function isAnimation(name: string): boolean {
  return /\.(apng|gif)$/i.test(name);
}

/** Checks, before any work is done for them, that the files can be written.
 * @throws UnclipError "input" if one cannot be, or two are one */
export async function checkResultFiles(files: readonly ResultFile[]): Promise<void> {
  const taken = new Set<string>();
  for (const { path, flag = "--out" } of files) {
    if (!taken.has(path)) taken.add(path);
    else
      throw new UnclipError("input", `${flag}: ${quotePath(path)} is to hold something else too; choose another name`);
  }
  for (const flag of new Set(files.map((file) => file.flag))) {
    const paths = files.filter((file) => file.flag === flag).map(({ path }) => path);
    await checkOutputPaths(paths, { flag });
  }
}

/** Writes each file as soon as it is encoded. An error, and a stop, name the files that were written before.
 * @param signal stops between two files
 * @throws UnclipError "input" if a file cannot be written; what the signal gives if it fires */
export async function writeResultFiles(
  generation: Generation,
  files: readonly ResultFile[],
  { engine, stderr }: Host,
  signal: AbortSignal,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = [];
  try {
    for (const file of files) {
      signal.throwIfAborted();
      const { bytes, ...size } = await encode(generation, file, engine);
      await writeWholeFile(file.path, bytes, file.flag);
      written.push({ path: file.path, ...size });
    }
  } catch (cause) {
    if (written.length === 0) throw cause;
    const names = written.map(({ path }) => shortPath(path)).join(", ");
    if (!signal.aborted)
      throw new UnclipError("input", `${(cause as Error).message}; written before: ${names}`, { cause });
    stderr.write(`written before the stop: ${names}\n`);
    throw cause;
  }
  return written;
}

/** The picture that a file shows, as a still one. */
export function stillOf({ images }: Generation, { shows }: ResultFile): Picture {
  if ("picture" in shows) return images[shows.picture - 1]!;
  return pictureGrid(images, "columns" in shows ? shows.columns : images.length);
}

async function encode(
  generation: Generation,
  file: ResultFile,
  engine: Host["engine"],
): Promise<Omit<WrittenFile, "path"> & { readonly bytes: Uint8Array }> {
  const { images, recipe } = generation;
  const { path, shows } = file;
  const still = "delayMs" in shows ? images[0]! : stillOf(generation, file);
  const { width, height } = still;
  const text = recipeTexts(recipe, still, shows);
  if (!("delayMs" in shows)) return { bytes: await engine.encodePng(still, text), width, height };
  const bytes = /\.gif$/i.test(path)
    ? await encodeGif(images, shows.delayMs)
    : await encodeApng(images, { ...shows, text });
  return { bytes, width, height, frames: images.length };
}
