import { quote, type Generation, type Run, type StageStep, type Unclip } from "unclip";
import { jsonLine } from "./json-line.js";
import { loadModel } from "./load-model.js";
import { sourceSettings, type ModelFlags, type SamplingFlags } from "./painting-options.js";
import { checkDiskSpace } from "./output-files.js";
import { createProgress, elapsed, picturesAsText, type ShownStep } from "./progress.js";
import { checkResultFiles, stillOf, writeResultFiles, type ResultFile, type WrittenFile } from "./result-files.js";
import { shortPath } from "./short-path.js";
import { displayOf } from "./terminal.js";
import type { Host } from "./host.js";

/** What one command paints. */
export interface Painting {
  readonly flags: ModelFlags & Pick<SamplingFlags, "upsamplers" | "width" | "height" | "depth">;
  readonly files: readonly ResultFile[];
  /** Pictures that the run gives. */
  readonly pictures: number;
  /** What `--json` says was asked for, for example { caption }. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** Begins the run. */
  readonly start: (unclip: Unclip) => Run<Generation, StageStep>;
  /** A line for people about what the pictures are, in their order. */
  readonly legend?: string;
}

/** Loads the model, paints with progress and preview, writes the pictures, and says where they are.
 * @param signal stops between two steps, when nothing is written, or between two files */
export async function paintToFiles(painting: Painting, host: Host, signal: AbortSignal): Promise<void> {
  const { flags, files, start } = painting;
  await checkResultFiles(files);
  const startMs = host.now();
  const unclip = await loadModel(host, (listeners) =>
    host.engine.loadUnclip(flags.model, { ...sourceSettings(flags), signal, ...listeners }),
  );
  let result: Result;
  try {
    for (const file of files) await checkDiskSpace(file.path, bytesOf(painting, unclip), file.flag);
    const generation = await watch(start(unclip), host);
    const written = await writeResultFiles(generation, files, host, signal);
    result = { painting, generation, written, device: unclip.device };
  } finally {
    await unclip.dispose();
  }
  for (const warning of result.generation.warnings) host.stderr.write(`warning: ${quote(warning, { max: 1000 })}\n`);
  if (flags.json === true) host.stdout.write(jsonLine(reportOf(result, host)));
  else await present(result, host, host.now() - startMs);
}

/** Bytes of all files at most: three for each pixel, and the recipe. */
function bytesOf({ flags, files, pictures }: Painting, { stages }: Unclip): number {
  const { upsamplers, decoder } = stages;
  const running = Math.min(flags.upsamplers ?? upsamplers.length, upsamplers.length);
  const { width = decoder.space.size.width, height = decoder.space.size.height } = flags;
  const area = running > 0 ? upsamplers[running - 1]!.config.sampleSize ** 2 : width * height;
  const shown = files.reduce((sum, { shows }) => sum + ("picture" in shows ? 1 : pictures), 0);
  const recipe = MOST_RECIPE_BYTES + (flags.depth === undefined ? 0 : 4 * area); // it keeps the depth picture, in base64
  return shown * area * 3 + files.length * recipe;
}

/** A recipe is some thousand bytes, with a picture or the table of Analytic-DPM some ten thousand. */
const MOST_RECIPE_BYTES = 2 ** 16;

interface Result {
  readonly painting: Painting;
  readonly generation: Generation;
  readonly written: readonly WrittenFile[];
  readonly device: Unclip["device"];
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
function reportOf({ painting, generation, written, device }: Result, host: Host) {
  const { recipe, stages } = generation;
  return {
    model: recipe.model,
    ...painting.subject,
    device,
    ...(recipe.arithmetic && { arithmetic: recipe.arithmetic }),
    seed: jsonSeed(recipe.seed),
    images: written,
    ...(generation.similarities && { similarities: generation.similarities }),
    stages: stages.map(({ name, steps, ms }) => ({ name, steps, ms: Math.round(ms) })),
    peakRssBytes: host.peakRssBytes(),
  };
}

async function present({ painting, generation, written }: Result, host: Host, ms: number): Promise<void> {
  const screen = [host.stdout, host.stderr].find((output) => displayOf(output, host.env).pictures !== undefined);
  if (screen !== undefined) {
    const single = painting.files.filter(({ shows }) => "picture" in shows);
    const shown = single.length > 0 ? single : painting.files.slice(0, 1);
    const pictures = shown.map((file) => stillOf(generation, file));
    screen.write(await picturesAsText(pictures, screen, host));
  }
  const seed = `seed ${generation.recipe.seed}`;
  for (const { path, width, height, frames } of written) {
    const film = frames === undefined ? "" : `${frames} frames, `;
    host.stdout.write(`${shortPath(path)}  (${width} x ${height}, ${film}${seed}, ${elapsed(ms)})\n`);
  }
  if (painting.legend !== undefined) host.stdout.write(`${painting.legend}\n`);
}
