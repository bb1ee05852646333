import { relative } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Generation, Picture, StageStep, Unclip } from "unclip";
import { loadModel } from "./load-model.js";
import { sourceSettings, type PaintingFlags } from "./painting-options.js";
import { checkPicturePaths, writePictureFile } from "./picture-files.js";
import { createProgress, elapsed, picturesAsText, type ShownStep } from "./progress.js";
import { recipeTexts } from "./recipe.js";
import { displayOf } from "./terminal.js";
import type { World } from "./world.js";

/** What one command paints. */
export interface Painting {
  readonly flags: PaintingFlags;
  /** Absolute paths of the PNG files, one for each picture. */
  readonly paths: readonly string[];
  /** What `--json` says was asked for, for example { caption }. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** Begins the work. */
  readonly start: (unclip: Unclip) => AsyncGenerator<StageStep, Generation>;
  /** The pictures to write; default the generation's own. */
  readonly arrange?: (images: readonly Picture[]) => readonly Picture[];
}

/** Loads the model, paints with progress and preview, writes the pictures, and says where they are.
 * @param signal stops between two steps; nothing is written then */
export async function paint(painting: Painting, world: World, signal: AbortSignal): Promise<void> {
  const { flags, paths, start, arrange = (images) => images } = painting;
  await checkPicturePaths(paths);
  const startMs = world.now();
  const unclip = await loadModel(world, (onDownload) =>
    world.engine.loadUnclip(flags.model, { ...sourceSettings(flags), signal, onDownload }),
  );
  let generation: Generation;
  try {
    generation = await watch(start(unclip), world);
  } finally {
    await unclip.dispose();
  }
  const pictures = arrange(generation.images);
  const texts = (i: number) => recipeTexts({ images: pictures, recipe: generation.recipe }, i);
  const files = await Promise.all(pictures.map((picture, i) => world.engine.encodePng(picture, texts(i))));
  signal.throwIfAborted();
  for (const [i, file] of files.entries()) await writePictureFile(paths[i]!, file);

  for (const warning of generation.warnings) world.stderr.write(`warning: ${warning.replace(/\s+/g, " ")}\n`);
  const result = { painting, pictures, generation };
  if (flags.json === true) world.stdout.write(`${JSON.stringify(reportOf(result, world))}\n`);
  else await present(result, world, world.now() - startMs);
}

/** Shows the progress of some work, and gives what it returns. */
export async function watch<T>(stream: AsyncGenerator<ShownStep, T>, world: World): Promise<T> {
  const progress = createProgress(world);
  try {
    let next = await stream.next();
    while (next.done !== true) {
      await progress.show(next.value);
      await nextTurn(); // networks block the event loop: let a signal through
      next = await stream.next();
    }
    progress.finish();
    return next.value;
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
function reportOf({ painting, pictures, generation }: Result, world: World) {
  const { recipe, stages } = generation;
  return {
    model: recipe.model,
    ...painting.subject,
    seed: jsonSeed(recipe.seed),
    images: pictures.map(({ width, height }, i) => ({ path: painting.paths[i], width, height })),
    stages: stages.map(({ name, steps, ms }) => ({ name, steps, ms: Math.round(ms) })),
    peakRssBytes: world.peakRssBytes(),
  };
}

async function present({ painting, pictures, generation }: Result, world: World, ms: number): Promise<void> {
  const screen = [world.stdout, world.stderr].find((output) => displayOf(output, world.env).pictures !== undefined);
  if (screen !== undefined) screen.write(await picturesAsText(pictures, screen, world));
  const { width, height } = pictures[0]!;
  const seed = `seed ${generation.recipe.seed}`;
  for (const path of painting.paths) {
    world.stdout.write(`${shortPath(path)}  (${width} x ${height}, ${seed}, ${elapsed(ms)})\n`);
  }
}

/** Relative if the file is in or below the current folder, absolute if it is not. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
