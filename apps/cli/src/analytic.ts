import { Option, type Command } from "commander";
import { dirname, resolve } from "node:path";
import { UnclipError, type PriorExample } from "unclip";
import { jsonLine } from "./json-line.js";
import { loadModel } from "./load-model.js";
import { parseCount, parseJsonName, parseSeed } from "./option-values.js";
import { watch } from "./painting.js";
import { addModelOptions, sourceSettings, type ModelFlags } from "./painting-options.js";
import { checkOutputPaths, writeWholeFile } from "./output-files.js";
import type { PriorTableFile } from "./prior-table.js";
import { readLines } from "./read-file.js";
import { readPictureFile } from "./read-picture.js";
import { readCaptions } from "./sheet.js";
import { quotePath } from "./quote-path.js";
import { shortPath } from "./short-path.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface AnalyticFlags extends ModelFlags {
  fromCaptions?: boolean;
  n?: number;
  steps: number;
  seed: number | bigint;
  out: string;
}

/** Adds `analytic` to the program.
 * @param run what happens when the command is given */
export function addAnalyticCommand(program: Command, run: (file: string, flags: AnalyticFlags) => Promise<void>): void {
  const command = program
    .command("analytic")
    .description("estimate the table that --prior-sampler analytic-dpm needs, from pictures and their captions")
    .argument("<data>", "a text file with picture<TAB>caption on each line, pictures relative to the file")
    .option("--from-captions", "the file holds captions alone; the prior's own samples stand in: an approximation")
    .addOption(new Option("--n <count>", "how many lines are used (default: all)").argParser(parseCount))
    .addOption(new Option("--steps <count>", "prior steps that the table is for").default(64).argParser(parseCount))
    .addOption(new Option("--seed <integer>", "of the noise").default(0).argParser(parseSeed))
    .addOption(
      new Option("--out <file>", "the JSON file; replaces an existing file")
        .default("prior-table.json")
        .argParser(parseJsonName),
    );
  addModelOptions(command).action(run);
}

/** Estimates a table and writes it.
 * @param signal stops between two steps; nothing is written then */
export async function analytic(file: string, flags: AnalyticFlags, host: Host, signal: AbortSignal): Promise<void> {
  const { fromCaptions = false, n, steps, seed, out } = flags;
  const path = resolve(out);
  await checkOutputPaths([path], { example: "prior-table.json" });
  const all = fromCaptions ? (await readCaptions(file)).map((caption) => ({ caption })) : await readExamples(file);
  const examples = all.slice(0, n);
  const unclip = await loadModel(host, (listeners) =>
    host.engine.loadUnclip(flags.model, { ...sourceSettings(flags), signal, ...listeners }),
  );
  const table = await watch(unclip.estimatePriorTable(examples, { steps, seed, signal }), host).finally(() =>
    unclip.dispose(),
  );
  signal.throwIfAborted();
  const { model } = unclip;
  const data = fromCaptions ? "samples" : "pictures";
  const kept: PriorTableFile = { model, steps, data, examples: examples.length, ...table };
  await writeWholeFile(path, new TextEncoder().encode(`${JSON.stringify(kept, undefined, 2)}\n`));
  if (flags.json === true) host.stdout.write(jsonLine({ path, ...kept }));
  else host.stdout.write(`${shortPath(path)}  (${steps} steps, ${examples.length} examples)\n`);
}

/** The largest list of pictures and captions: ten thousand lines of the usual length, where some hundred serve. */
const MOST_BYTES = 4 * 2 ** 20;

/** The lines of a text file, as picture and caption. Pictures are read when their turn comes.
 * @throws UnclipError "input" if there is no such file, or a line is not of this form */
async function readExamples(file: string): Promise<PriorExample[]> {
  const cure = "give a text file with picture<TAB>caption on each line";
  const lines = await readLines(file, { mostBytes: MOST_BYTES, cure });
  const where = quotePath(file);
  if (lines.length === 0) {
    throw new UnclipError("input", `${where}: holds no picture; write picture<TAB>caption on each line`);
  }
  return lines.map(({ text, number }): PriorExample => {
    const [, picture, caption] = /^([^\t]+)\t(.*\S.*)$/.exec(text) ?? [];
    if (picture !== undefined && caption !== undefined) {
      const path = resolve(dirname(file), picture.trim());
      return { caption: caption.trim(), picture: () => readPictureFile(path) };
    }
    const cure = "write picture<TAB>caption, or take --from-captions for a file of captions alone";
    throw new UnclipError("input", `${where}: line ${number} has no picture and caption; ${cure}`);
  });
}
