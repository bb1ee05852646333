import {
  loadToyboxBenchmark,
  STUDIES,
  type Study,
  type StudyModel,
  type StudyResult,
  type StudyTable,
} from "@unclip/evaluation";
import { formatCell, htmlReport, plotSvg } from "@unclip/evaluation/report";
import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { createRun, type Run, type Unclip } from "unclip";
import { jsonLine } from "./json-line.js";
import { loadModel } from "./load-model.js";
import { parseCount, parseFileName, parseSmallSeed } from "./option-values.js";
import { checkOutputPaths, numberedPaths, writeWholeFile } from "./output-files.js";
import { watch } from "./painting.js";
import { shortPath } from "./short-path.js";
import { addEngineOptions, MODEL_HELP, sourceSettings, type EngineFlags } from "./painting-options.js";
import { magnified, pictureGrid } from "./picture-layout.js";
import { elapsed, type ShownStep } from "./progress.js";
import { decodePicture } from "./read-picture.js";
import { textTable } from "./text-table.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface StudyFlags extends EngineFlags {
  n?: number;
  seed: number;
  report?: string;
  plot?: string;
  sheet?: string;
}

/** Adds a command for each study below `evaluate`.
 * @param run what happens when one is given */
export function addStudyCommands(
  evaluate: Command,
  run: (study: Study, model: string, flags: StudyFlags) => Promise<void>,
): void {
  for (const study of STUDIES) {
    const command = evaluate
      .command(study.name)
      .summary(study.title)
      .description(`${study.title} ${study.question}`)
      .argument("[model]", MODEL_HELP, "toybox")
      .addOption(new Option("--n <count>", `how many ${study.unit}`).default(study.count).argParser(parseCount))
      .addOption(new Option("--seed <integer>", "of the first batch of pictures").default(0).argParser(parseSmallSeed))
      .addOption(fileOption("--report", ".html", "an HTML file of all of it, plots and pictures included"))
      .addOption(fileOption("--plot", ".svg", "an SVG file of the plot; of several, one file each"))
      .addOption(fileOption("--sheet", ".png", "a PNG file of pictures to look at; of several, one file each"));
    addEngineOptions(command).action((model, flags) => run(study, model, flags));
  }
}

function fileOption(flag: string, extension: string, help: string): Option {
  return new Option(`${flag} <file>`, help).argParser((text) => parseFileName(text, extension));
}

/** Measures, prints a table, and writes what was asked for.
 * @param signal stops between two steps; nothing is written then */
export async function runStudy(
  study: Study,
  { model, flags }: { readonly model: string; readonly flags: StudyFlags },
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  for (const name of ["report", "plot", "sheet"] as const) {
    if (flags[name] !== undefined) await checkOutputPaths([resolve(flags[name])], { flag: `--${name}` });
  }
  const startMs = host.now();
  const result = await measure(study, { model, flags }, host, signal);
  signal.throwIfAborted();
  const ms = host.now() - startMs;
  const paths = await writeFiles(study, { result, ms, model, flags }, host);
  if (flags.json === true) {
    const { findings, tables, plots } = result;
    const about = { study: study.name, model, n: flags.n, seed: flags.seed, ms: Math.round(ms), files: paths };
    host.stdout.write(jsonLine({ ...about, findings, tables, plots }));
    return;
  }
  const text = [...result.tables.flatMap(tableText), ...result.findings, ...paths.map(shortPath)];
  host.stdout.write(`${text.join("\n")}\n${flags.n} ${study.unit}, seed ${flags.seed}, ${elapsed(ms)}\n`);
}

async function measure(
  study: Study,
  { model, flags }: { readonly model: string; readonly flags: StudyFlags },
  host: Host,
  signal: AbortSignal,
): Promise<StudyResult> {
  const benchmark = await loadToyboxBenchmark(decodePicture);
  let unclip: Unclip | undefined;
  try {
    unclip = await loadModel(host, (listeners) =>
      host.engine.loadUnclip(model, { ...sourceSettings(flags), signal, ...listeners }),
    );
    const asked: StudyModel = unclip;
    const running = study.run({ model: asked, benchmark, count: flags.n, seed: flags.seed, signal });
    return await watch(counting(running, study.unit), host);
  } finally {
    await unclip?.dispose();
    await benchmark.dispose();
  }
}

/** A study whose steps count what it is about. */
function counting<T>(run: Run<T, ShownStep>, unit: string): Run<T, ShownStep> {
  return createRun(async function* () {
    for await (const step of run) yield { ...step, unit };
    return run;
  });
}

function tableText({ title, columns, rows }: StudyTable): string[] {
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map((row) => row.map((cell, i) => formatCell(cell, columns[i]!))),
  ];
  return [title, ...textTable(cells, (column) => typeof rows[0]?.[column] !== "string"), ""];
}

interface Measured {
  readonly result: StudyResult;
  readonly ms: number;
  readonly model: string;
  readonly flags: StudyFlags;
}

/** Pictures are magnified to at least this side: those of a small decoder could hardly be seen. */
const LEAST_SIDE = 96;

async function writeFiles(study: Study, { result, ms, model, flags }: Measured, host: Host): Promise<string[]> {
  const written: string[] = [];
  const write = async (path: string, bytes: Uint8Array, flag: string) => {
    await writeWholeFile(path, bytes, flag);
    written.push(path);
  };
  const utf8 = (text: string) => new TextEncoder().encode(text);
  if (flags.plot !== undefined) {
    const paths = numberedPaths(flags.plot, result.plots.length);
    for (const [i, plot] of result.plots.entries()) await write(paths[i]!, utf8(`${plotSvg(plot)}\n`), "--plot");
  }
  if (flags.sheet === undefined && flags.report === undefined) return written;
  const sheets = await Promise.all(
    result.sheets.map(({ pictures, columns }) => {
      const times = Math.ceil(LEAST_SIDE / pictures[0]!.width);
      return host.engine.encodePng(
        pictureGrid(
          pictures.map((picture) => magnified(picture, times)),
          columns,
        ),
      );
    }),
  );
  if (flags.sheet !== undefined && sheets.length > 0) {
    const paths = numberedPaths(flags.sheet, sheets.length);
    for (const [i, sheet] of sheets.entries()) await write(paths[i]!, sheet, "--sheet");
  }
  if (flags.report !== undefined) {
    const command = `unclip evaluate ${study.name}${model === "toybox" ? "" : ` ${model}`} --n ${flags.n} --seed ${flags.seed}`;
    const about = { command, model, measured: `${flags.n} ${study.unit}, seed ${flags.seed}, in ${elapsed(ms)}` };
    await write(resolve(flags.report), utf8(htmlReport({ study, result, sheets, about })), "--report");
  }
  return written;
}
