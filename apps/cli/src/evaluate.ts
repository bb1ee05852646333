import {
  evaluateToybox,
  isRight,
  loadToyboxBenchmark,
  MEASURES,
  STUDIES,
  type EvaluatedToybox,
  type EvaluateToyboxOptions,
  type EvaluationStep,
  type Measure,
  type Score,
  type ToyboxCase,
  type ToyboxEvaluation,
} from "@unclip/evaluation";
import { formatScore } from "@unclip/evaluation/report";
import { Option, type Command } from "commander";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createRandom, perPicture, resizePicture, UnclipError, createRun, type Picture, type Run } from "unclip";
import { jsonLine } from "./json-line.js";
import { loadModel } from "./load-model.js";
import { parseCount, parsePngName } from "./option-values.js";
import { jsonSeed, watch } from "./painting.js";
import {
  addEngineOptions,
  addPriorOptions,
  addSamplingOptions,
  MODEL_HELP,
  generateRequest,
  readRequestFiles,
  sourceSettings,
  type EngineFlags,
  type PriorFlags,
  type SamplingFlags,
} from "./painting-options.js";
import { checkOutputPaths, writeWholeFile } from "./output-files.js";
import { framed, pictureGrid } from "./picture-layout.js";
import { elapsed, type ShownStep } from "./progress.js";
import { decodePicture } from "./read-picture.js";
import { textTable } from "./text-table.js";
import { shortPath } from "./short-path.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface EvaluateFlags extends EngineFlags, SamplingFlags, PriorFlags {
  captions?: number;
  sheet?: string;
}

/** Adds `evaluate` to the program.
 * @param run what happens when the command is given */
export function addEvaluateCommand(
  program: Command,
  run: (model: string, flags: EvaluateFlags) => Promise<void>,
): Command {
  const command = program
    .command("evaluate")
    .description("paint the captions of the toybox benchmark and count how often the pictures show what they say")
    .argument("[model]", MODEL_HELP, "toybox")
    .addOption(new Option("--captions <count>", "only the first of the 600 captions").argParser(parseCount))
    .addOption(
      new Option("--sheet <file>", "a PNG file of all that was judged, wrong ones in a red frame").argParser(
        parsePngName,
      ),
    );
  addPriorOptions(command, "diffusion");
  addEngineOptions(addSamplingOptions(command)).action(run);
  return command.enablePositionalOptions(); // what follows the name of a study is the study's
}

/** Paints, judges, and prints a table.
 * @param signal stops between two steps; nothing is written then */
export async function evaluate(model: string, flags: EvaluateFlags, host: Host, signal: AbortSignal): Promise<void> {
  checkNoStudy(model);
  const sheet = flags.sheet === undefined ? undefined : resolve(flags.sheet);
  if (sheet !== undefined) await checkOutputPaths([sheet], { flag: "--sheet" });
  const startMs = host.now();
  const { evaluation, pictures, paintingMs, paintingCpuMs } = await paintAndJudge(model, flags, host, signal);
  const file = sheet === undefined ? undefined : await host.engine.encodePng(sheetOf(pictures, evaluation));
  signal.throwIfAborted();
  if (file !== undefined) await writeWholeFile(sheet!, file, "--sheet");

  const ms = host.now() - startMs;
  if (flags.json === true) {
    const about = {
      model,
      seed: jsonSeed(flags.seed),
      ...(sheet !== undefined && { sheet }),
      ms,
      paintingMs,
      paintingCpuMs,
    };
    const report = { ...about, ...evaluation };
    host.stdout.write(jsonLine(report));
    return;
  }
  host.stdout.write(`${tableOf(evaluation).join("\n")}\n`);
  if (sheet !== undefined) host.stdout.write(`${shortPath(sheet)}\n`);
  const each = (paintingMs / pictures.length / 1e3).toFixed(2);
  host.stdout.write(`${pictures.length} captions, seed ${flags.seed}, ${elapsed(ms)}, ${each} s to paint a picture\n`);
}

/** A mistyped study is taken for a model: says which studies there are.
 * @throws UnclipError "input" if the name is neither toybox, nor an id on the hub, nor a folder */
function checkNoStudy(model: string): void {
  if (model === "toybox" || /[/\\]/.test(model) || existsSync(model)) return;
  const names = STUDIES.map(({ name }) => name).join(", ");
  throw new UnclipError("input", `${model}: no such folder and no such study; the studies are ${names}`);
}

/** What painting took. */
interface Painting {
  readonly paintingMs: number;
  /** Processor time of all threads. */
  readonly paintingCpuMs: number;
}

async function paintAndJudge(
  model: string,
  flags: EvaluateFlags,
  host: Host,
  signal: AbortSignal,
): Promise<EvaluatedToybox & Painting> {
  const files = await readRequestFiles(flags);
  const { cases: all, oracle, statistics, dispose } = await loadToyboxBenchmark(decodePicture);
  try {
    const cases = firstOf(all, flags.captions);
    const unclip = await loadModel(host, (listeners) =>
      host.engine.loadUnclip(model, { ...sourceSettings(flags), signal, ...listeners }),
    );
    let [paintingMs, paintingCpuMs] = [0, 0];
    const generate: EvaluateToyboxOptions["generate"] = async (captions, seeds) => {
      const [startMs, startCpuMs] = [host.now(), host.cpuMs()];
      const random = perPicture(seeds.map(createRandom));
      const request = generateRequest(flags, files, unclip.stages.upsamplers.length);
      const { images } = await unclip.generate(captions, { ...request, random, signal });
      paintingMs += host.now() - startMs;
      paintingCpuMs += host.cpuMs() - startCpuMs;
      return images;
    };
    const { textEncoder, imageEncoder } = unclip.stages;
    const clip = textEncoder && imageEncoder && { textEncoder, imageEncoder };
    const steps = evaluateToybox({ cases, oracle, statistics, generate, clip, seed: flags.seed, signal });
    const evaluated = await watch(countingPictures(steps), host).finally(() => unclip.dispose());
    return { ...evaluated, paintingMs, paintingCpuMs };
  } finally {
    await dispose();
  }
}

/** The first cases.
 * @throws UnclipError "input" if there are not as many */
function firstOf(cases: readonly ToyboxCase[], count = cases.length): readonly ToyboxCase[] {
  if (count <= cases.length) return cases.slice(0, count);
  throw new UnclipError("input", `captions: the benchmark has ${cases.length}, got ${count}; ask for fewer`);
}

/** An evaluation whose steps count pictures. */
function countingPictures<T>(run: Run<T, EvaluationStep>): Run<T, ShownStep> {
  return createRun(async function* () {
    for await (const step of run) yield step.stage === "zero-shot" ? step : { ...step, unit: "pictures" };
    return run;
  });
}

/** Grey around a picture that shows all its caption claims, red around any other. */
const FRAMES = { right: [128, 128, 128], wrong: [220, 20, 30] } as const;

/** Largest side of a picture on the sheet, in pixels: six hundred of them must fit. */
const LARGEST_CELL = 128;

function sheetOf(pictures: readonly Picture[], { captions }: ToyboxEvaluation): Picture {
  const cells = pictures.map((picture, i) =>
    framed(shrunk(picture), FRAMES[isRight(captions[i]!.verdict) ? "right" : "wrong"]),
  );
  return pictureGrid(cells, Math.ceil(Math.sqrt(cells.length)));
}

function shrunk(picture: Picture): Picture {
  const share = LARGEST_CELL / Math.max(picture.width, picture.height);
  if (share >= 1) return picture;
  return resizePicture(picture, Math.round(picture.width * share), Math.round(picture.height * share));
}

/** Names of measures in the table, where they differ from the keys. */
const NAMES: Partial<Record<Measure, string>> = { count: "number of things", binding: "both things in their colours" };

function tableOf({ generated, real, heldOut, frechetDistance, zeroShot }: ToyboxEvaluation): string[] {
  const shares = MEASURES.map((measure) => [
    NAMES[measure] ?? measure,
    ...[generated, real, heldOut].map((scores) => formatScore(scores[measure])),
  ]);
  const onReal = (name: string, score: Score | undefined) => [
    name,
    "",
    score === undefined ? "-" : formatScore(score),
    "",
  ];
  const distance = (value: number | undefined) => value?.toFixed(2) ?? "-";
  return textTable(
    [
      ["", "generated", "real renders", "held-out combinations"],
      ...shares,
      ["Fréchet distance", distance(frechetDistance?.generated), distance(frechetDistance?.real), ""],
      onReal("CLIP, zero-shot: thing", zeroShot?.thing),
      onReal("CLIP, zero-shot: style", zeroShot?.style),
    ],
    (column) => column > 0,
  );
}
