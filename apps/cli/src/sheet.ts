import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { MOST_PICTURES, UnclipError } from "unclip";
import { parseCount, parsePngName } from "./option-values.js";
import {
  addModelOptions,
  addPriorOptions,
  generateRequest,
  readRequestFiles,
  addSamplingOptions,
  type ModelFlags,
  type SamplingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { readLines } from "./read-file.js";
import { quotePath } from "./quote-path.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface SheetFlags extends ModelFlags, SamplingFlags, PriorFlags {
  out: string;
  columns: number;
}

/** Adds `sheet` to the program.
 * @param run what happens when the command is given */
export function addSheetCommand(program: Command, run: (file: string, flags: SheetFlags) => Promise<void>): void {
  const command = program
    .command("sheet")
    .description("paint every caption of a text file, side by side in one picture")
    .argument("<captions>", "a text file with a caption on each line")
    .addOption(
      new Option("--out <file>", "the PNG file; replaces an existing file")
        .default("sheet.png")
        .argParser(parsePngName),
    )
    .addOption(new Option("--columns <count>", "pictures in a row").default(4).argParser(parseCount));
  addPriorOptions(command, "diffusion");
  addModelOptions(addSamplingOptions(command)).action(run);
}

/** Paints the captions of a file and writes one picture of them all.
 * @param signal stops between two steps; nothing is written then */
export async function sheet(file: string, flags: SheetFlags, host: Host, signal: AbortSignal): Promise<void> {
  const captions = await readCaptions(file, MOST_PICTURES);
  const files = await readRequestFiles(flags);
  await paintToFiles(
    {
      flags,
      files: [{ path: resolve(flags.out), shows: { columns: flags.columns } }],
      pictures: captions.length,
      subject: { captions },
      start: (unclip) =>
        unclip.generate(captions, { ...generateRequest(flags, files, unclip.stages.upsamplers.length), signal }),
    },
    host,
    signal,
  );
}

/** The captions of a text file, one on each line.
 * @param most how many there may be; default any number
 * @throws UnclipError "input" if there is no such file, it holds none or too many, or is larger than any list of captions */
export async function readCaptions(file: string, most = Infinity): Promise<string[]> {
  const cure = "give a text file with a caption on each line";
  const lines = await readLines(file, { mostBytes: MOST_BYTES, cure });
  const where = quotePath(file);
  if (lines.length === 0) throw new UnclipError("input", `${where}: holds no caption; write one on each line`);
  if (lines.length <= most) return lines.map(({ text }) => text);
  const reason = `a sheet takes ${most}, because all pictures are in memory at once`;
  throw new UnclipError("input", `${where}: holds ${lines.length} captions, ${reason}; make several sheets`);
}

/** The largest file of captions: ten thousand of the usual length. */
const MOST_BYTES = 2 ** 20;
