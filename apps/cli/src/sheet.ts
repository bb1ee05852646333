import { Option, type Command } from "commander";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { UnclipError, type Picture } from "unclip";
import { parseCount } from "./option-values.js";
import {
  addPaintingOptions,
  addPriorOptions,
  generateRequest,
  priorTableOf,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { pictureGrid } from "./picture-layout.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface SheetFlags extends PaintingFlags, PriorFlags {
  columns: number;
}

/** Adds `sheet` to the program.
 * @param run what happens when the command is given */
export function addSheetCommand(program: Command, run: (file: string, flags: SheetFlags) => Promise<void>): void {
  const command = program
    .command("sheet")
    .description("paint every caption of a text file, side by side in one picture")
    .argument("<captions>", "a text file with a caption on each line")
    .addOption(new Option("--columns <count>", "pictures in a row").default(4).argParser(parseCount));
  addPriorOptions(command);
  addPaintingOptions(command, { file: "sheet.png", help: "the PNG file; replaces an existing file" }).action(run);
}

/** Paints the captions of a file and writes one picture of them all.
 * @param signal stops between two steps; nothing is written then */
export async function sheet(file: string, flags: SheetFlags, host: Host, signal: AbortSignal): Promise<void> {
  const captions = await readCaptions(file);
  const table = await priorTableOf(flags);
  await paintToFiles(
    {
      flags,
      paths: [resolve(flags.out)],
      subject: { captions },
      start: (unclip) =>
        unclip.generate(captions, { ...generateRequest(flags, table, unclip.stages.upsamplers.length), signal }),
      layout: { columns: flags.columns },
      arrange: (images: readonly Picture[]) => [pictureGrid(images, flags.columns)],
    },
    host,
    signal,
  );
}

/** The captions of a text file, one on each line.
 * @throws UnclipError "input" if there is no such file, or it holds none */
export async function readCaptions(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UnclipError("input", `${file}: cannot be read; give a text file with a caption on each line`, { cause });
  });
  const captions = text.split(/\r?\n/).map((line) => line.trim());
  const given = captions.filter((caption) => caption !== "");
  if (given.length === 0) throw new UnclipError("input", `${file}: holds no caption; write one on each line`);
  return given;
}
