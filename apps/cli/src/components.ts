import { Option, type Command } from "commander";
import { dirname } from "node:path";
import { UnclipError } from "unclip";
import { itemOf, readItems, type Item } from "./items.js";
import { parseCounts } from "./option-values.js";
import {
  addPaintingOptions,
  addPriorOptions,
  generateRequest,
  readRequestFiles,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { quotePath } from "./quote-path.js";
import { readLines } from "./read-file.js";
import { readPictureFile } from "./read-picture.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface ComponentsFlags extends PaintingFlags, PriorFlags {
  among?: string;
  counts: number[];
}

const DEFAULT_FILM = { sheet: "components.png" };

/** Adds `components` to the program.
 * @param run what happens when the command is given */
export function addComponentsCommand(
  program: Command,
  run: (picture: string, flags: ComponentsFlags) => Promise<void>,
): void {
  const command = program
    .command("components")
    .description("paint a picture as the first principal components of its image embedding show it")
    .argument("<picture>", "a PNG, JPEG, WebP, GIF, AVIF or TIFF file")
    .addOption(
      new Option("--counts <numbers>", "how many components each picture keeps")
        .default([1, 2, 4, 8, 16, 32], "1,2,4,8,16,32")
        .argParser(parseCounts),
    )
    .option(
      "--among <file>",
      "a text file with a picture or a caption on each line, in which the components are found (default: those that the model's autoregressive prior learned)",
    );
  addPriorOptions(command, "diffusion");
  addPaintingOptions(command, DEFAULT_FILM).action(run);
}

/** Paints views of a picture and writes one sheet.
 * @param signal stops between two steps; nothing is written then */
export async function components(file: string, flags: ComponentsFlags, host: Host, signal: AbortSignal): Promise<void> {
  const picture = await readPictureFile(file);
  const among = flags.among === undefined ? undefined : await readItems(await listedItems(flags.among));
  const files = await readRequestFiles(flags);
  const { counts } = flags;
  await paintToFiles(
    {
      flags,
      files: filmFiles(flags, counts.length, DEFAULT_FILM),
      pictures: counts.length,
      subject: { picture: file, counts },
      start: (unclip) =>
        unclip.components(picture, {
          ...generateRequest(flags, files, unclip.stages.upsamplers.length),
          ...(among && { among }),
          counts,
          signal,
        }),
      legend: `from left to right: the first ${counts.join(", ")} principal components`,
    },
    host,
    signal,
  );
}

/** The largest list that is read. */
const MOST_BYTES = 2 ** 20;

/** The pictures and captions of a text file; paths are relative to it. */
async function listedItems(path: string): Promise<Item[]> {
  const cure = "give a text file with a picture or a caption on each line";
  const lines = await readLines(path, { mostBytes: MOST_BYTES, cure, setting: "among" });
  if (lines.length < 2) {
    throw new UnclipError("input", `among: ${quotePath(path)} holds ${lines.length}, expected two or more; ${cure}`);
  }
  const items: Item[] = [];
  for (const { text } of lines) items.push(await itemOf(text, dirname(path)));
  return items;
}
