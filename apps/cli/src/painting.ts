import { relative } from "node:path";
import {
  isUnclipError,
  quote,
  UnclipError,
  type Generation,
  type Picture,
  type Run,
  type StageStep,
  type Unclip,
} from "unclip";
import { jsonLine } from "./json-line.js";
import { loadModel } from "./load-model.js";
import { sourceSettings, type ModelFlags, type SamplingFlags } from "./painting-options.js";
import { checkDiskSpace, checkOutputPaths, writeWholeFile } from "./output-files.js";
import { createProgress, elapsed, picturesAsText, type ShownStep } from "./progress.js";
import { recipeTexts, type Layout } from "./recipe.js";
import { displayOf } from "./terminal.js";
import type { Host } from "./host.js";

/** What one command paints. */
export interface Painting {
  readonly flags: ModelFlags & Pick<SamplingFlags, "upsamplers" | "width" | "height">;
  /** Absolute paths of the PNG files, one for each picture. */
  readonly paths: readonly string[];
  /** What `--json` says was asked for, for example { caption }. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** Begins the run. */
  readonly start: (unclip: Unclip) => Run<Generation, StageStep>;
  /** The pictures to write; default the generation's own. */
  readonly arrange?: (images: readonly Picture[]) => readonly Picture[];
  /** Pictures of the model's size that the files hold together; default one in each. */
  readonly pictures?: number;
  /** Number of the first written picture within the generation, from 0; default 0. */
  readonly first?: number;
  /** How the pictures were arranged, for the recipe; default not at all. */
  readonly layout?: Layout;
}

/** Loads the model, paints with progress and preview, writes the pictures, and says where they are.
 * @param signal stops between two steps; nothing is written then */
export async function paintToFiles(painting: Painting, host: Host, signal: AbortSignal): Promise<void> {
  const { flags, paths, start, arrange = (images) => images } = painting;
  await checkOutputPaths(paths);
  const startMs = host.now();
  const unclip = await loadModel(host, (onDownload) =>
    host.engine.loadUnclip(flags.model, { ...sourceSettings(flags), signal, onDownload }),
  );
  let result: Result;
  try {
    await checkDiskSpace(paths[0]!, bytesOf(painting, unclip));
    const generation = await watch(start(unclip), host);
    signal.throwIfAborted();
    result = { painting, generation, pictures: arrange(generation.images), device: unclip.device };
    await writePictures(result, host);
  } finally {
    await unclip.dispose();
  }
  for (const warning of result.generation.warnings) host.stderr.write(`warning: ${quote(warning, { max: 1000 })}\n`);
  if (flags.json === true) host.stdout.write(jsonLine(reportOf(result, host)));
  else await present(result, host, host.now() - startMs);
}

/** Bytes of the files at most: three for each pixel, and the recipe. */
function bytesOf({ flags, paths, pictures = paths.length }: Painting, { stages }: Unclip): number {
  const { upsamplers, decoder } = stages;
  const running = Math.min(flags.upsamplers ?? upsamplers.length, upsamplers.length);
  const { width = decoder.space.size.width, height = decoder.space.size.height } = flags;
  const area = running > 0 ? upsamplers[running - 1]!.config.sampleSize ** 2 : width * height;
  return pictures * area * 3 + paths.length * MOST_RECIPE_BYTES;
}

/** A recipe is some thousand bytes, with the table of Analytic-DPM some ten thousand. */
const MOST_RECIPE_BYTES = 2 ** 16;

interface Result {
  readonly painting: Painting;
  readonly generation: Generation;
  readonly pictures: readonly Picture[];
  readonly device: Unclip["device"];
}

/** Writes each picture as soon as it is encoded.
 * @throws UnclipError "input" that names the files that were written before, if one cannot be */
async function writePictures({ painting, generation, pictures }: Result, { engine }: Host): Promise<void> {
  const { paths, first = 0, layout } = painting;
  for (const [i, picture] of pictures.entries()) {
    try {
      const texts = recipeTexts(generation.recipe, picture, { index: first + i, ...layout });
      await writeWholeFile(paths[i]!, await engine.encodePng(picture, texts));
    } catch (error) {
      if (i === 0 || !isUnclipError(error)) throw error;
      const written = paths.slice(0, i).map(shortPath).join(", ");
      throw new UnclipError(error.code, `${error.message}; written before: ${written}`, { cause: error });
    }
  }
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

/** A seed as `--json` prints it: beyond 2^53 a string of its digits, because JSON numbers are not exact there. */
export function jsonSeed(seed: number | bigint | string | undefined): number | string | undefined {
  return Number.isSafeInteger(Number(seed)) ? Number(seed) : seed?.toString();
}

/** What `--json` prints. */
function reportOf({ painting, pictures, generation, device }: Result, host: Host) {
  const { recipe, stages } = generation;
  return {
    model: recipe.model,
    ...painting.subject,
    device,
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

/** A path for people: relative if the file is in or below the current folder, absolute if it is not, and on one line. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return quote(fromHere.startsWith("..") ? path : fromHere, { max: Infinity });
}
