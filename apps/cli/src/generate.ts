import type { Command } from "commander";
import {
  addPaintingOptions,
  addPriorOptions,
  countOption,
  generateRequest,
  priorTableOf,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles, type Painting } from "./painting.js";
import { picturePaths } from "./output-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface GenerateFlags extends PaintingFlags, PriorFlags {
  n: number;
}

/** Adds `generate` to the program.
 * @param run what happens when the command is given */
export function addGenerateCommand(
  program: Command,
  run: (caption: string, flags: GenerateFlags) => Promise<void>,
): void {
  const command = program
    .command("generate")
    .description("paint a caption and write the picture as a PNG file, with its recipe inside")
    .argument("<caption>", "what to paint, in quotes")
    .addOption(countOption());
  addPriorOptions(command, "diffusion");
  addPaintingOptions(command, {
    file: "picture.png",
    help: "the PNG file; with --n 2 and more picture-1.png, picture-2.png, ...; replaces existing files",
  }).action(run);
}

/** Paints a caption and writes the pictures.
 * @param signal stops between two steps; nothing is written then */
export async function generate(caption: string, flags: GenerateFlags, host: Host, signal: AbortSignal): Promise<void> {
  const table = await priorTableOf(flags);
  const start: Painting["start"] = (unclip) =>
    unclip.generate(caption, { ...generateRequest(flags, table, unclip.stages.upsamplers.length), n: flags.n, signal });
  await paintToFiles({ flags, paths: picturePaths(flags.out, flags.n), subject: { caption }, start }, host, signal);
}
