import type { Command } from "commander";
import {
  addPaintingOptions,
  addPriorOptions,
  countOption,
  paintingSettings,
  priorSettings,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paint } from "./painting.js";
import { picturePaths } from "./picture-files.js";
import type { World } from "./world.js";

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
  addPriorOptions(command);
  addPaintingOptions(command, {
    file: "picture.png",
    help: "the PNG file; with --n 2 and more picture-1.png, picture-2.png, ...; replaces existing files",
  }).action(run);
}

/** Paints a caption and writes the pictures.
 * @param signal stops between two steps; nothing is written then */
export async function generate(
  caption: string,
  flags: GenerateFlags,
  world: World,
  signal: AbortSignal,
): Promise<void> {
  const options = { ...paintingSettings(flags), ...(await priorSettings(flags)), n: flags.n, signal };
  const paths = picturePaths(flags.out, flags.n);
  await paint(
    { flags, paths, subject: { caption }, start: (unclip) => unclip.stream(caption, options) },
    world,
    signal,
  );
}
