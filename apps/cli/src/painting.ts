import { relative } from "node:path";
import type { Generation, Picture, Run, StageStep, Unclip } from "unclip";
import { loadModel } from "./load-model.js";
import { sourceSettings, type ModelFlags } from "./painting-options.js";
import { checkOutputPaths, writeWholeFile } from "./output-files.js";
import { createProgress, elapsed, picturesAsText, type ShownStep } from "./progress.js";
import { recipeTexts, type Layout } from "./recipe.js";
import { displayOf } from "./terminal.js";
import type { Host } from "./host.js";

/** What one command paints. */
export interface Painting {
  readonly flags: ModelFlags;
  /** Absolute paths of the PNG files, one for each picture. */
  readonly paths: readonly string[];
  /** What `--json` says was asked for, for example { caption }. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** Begins the work. */
  readonly start: (unclip: Unclip) => Run<Generation, StageStep>;
  /** The pictures to write; default the generation's own. */
  readonly arrange?: (images: readonly Picture[]) => readonly Picture[];
  /** Number of the first written picture within the generation, from 0; default 0. */
  readonly first?: number;
  /** How the pictures were arranged, for the recipe; default not at all. */
  readonly layout?: Layout;
}

/** Loads the model, paints with progress and preview, writes the pictures, and says where they are.
 * @param signal stops between two steps; nothing is written then */
export async function paintToFiles(painting: Painting, host: Host, signal: AbortSignal): Promise<void> {
  const { flags, paths, start, arrange = (images) => images, first = 0, layout } = painting;
  await checkOutputPaths(paths);
  const startMs = host.now();
  const unclip = await loadModel(host, (onDownload) =>
    host.engine.loadUnclip(flags.model, { ...sourceSettings(flags), signal, onDownload }),
  );
  let generation: Generation;
  try {
    generation = await watch(start(unclip), host);
  } finally {
    await unclip.dispose();
  }
  const pictures = arrange(generation.images);
  const { recipe } = generation;
  const texts = (picture: Picture, i: number) => recipeTexts(recipe, picture, { index: first + i, ...layout });
  const files = await Promise.all(pictures.map((picture, i) => host.engine.encodePng(picture, texts(picture, i))));
  signal.throwIfAborted();
  for (const [i, file] of files.entries()) await writeWholeFile(paths[i]!, file);

  for (const warning of generation.warnings) host.stderr.write(`warning: ${warning.replace(/\s+/g, " ")}\n`);
  const result = { painting, pictures, generation };
  if (flags.json === true) host.stdout.write(`${JSON.stringify(reportOf(result, host))}\n`);
  else await present(result, host, host.now() - startMs);
}

/** Shows the progress of a run, and gives its result. */
export async function watch<T>(run: Run<T, ShownStep>, host: Host): Promise<T> {
  const progress = createProgress(host);
  try {
    for await (const step of run) await progress.show(step);
    progress.finish();
    return await run;
  } finally {
    progress.stop();
  }
}

interface Result {
  readonly painting: Painting;
  readonly pictures: readonly Picture[];
  readonly generation: Generation;
}

/** A seed as `--json` prints it: beyond 2^53 a string of its digits, because JSON numbers are not exact there. */
export function jsonSeed(seed: number | bigint | string | undefined): number | string | undefined {
  return Number.isSafeInteger(Number(seed)) ? Number(seed) : seed?.toString();
}

/** What `--json` prints. */
function reportOf({ painting, pictures, generation }: Result, host: Host) {
  const { recipe, stages } = generation;
  return {
    model: recipe.model,
    ...painting.subject,
    seed: jsonSeed(recipe.seed),
    images: pictures.map(({ width, height }, i) => ({ path: painting.paths[i], width, height })),
    stages: stages.map(({ name, steps, ms }) => ({ name, steps, ms: Math.round(ms) })),
    peakRssBytes: host.peakRssBytes(),
  };
}

async function present({ painting, pictures, generation }: Result, host: Host, ms: number): Promise<void> {
  const screen = [host.stdout, host.stderr].find((output) => displayOf(output, host.env).pictures !== undefined);
  if (screen !== undefined) screen.write(await picturesAsText(pictures, screen, host));
  const { width, height } = pictures[0]!;
  const seed = `seed ${generation.recipe.seed}`;
  for (const path of painting.paths) {
    host.stdout.write(`${shortPath(path)}  (${width} x ${height}, ${seed}, ${elapsed(ms)})\n`);
  }
}

/** Relative if the file is in or below the current folder, absolute if it is not. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
