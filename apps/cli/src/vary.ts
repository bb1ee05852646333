import { Option, type Command } from "commander";
import { parseShare } from "./option-values.js";
import {
  addPaintingOptions,
  countOption,
  paintRequest,
  readRequestFiles,
  type PaintingFlags,
} from "./painting-options.js";
import { paintToFiles, type Painting } from "./painting.js";
import { readPictureFile } from "./read-picture.js";
import { pictureFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface VaryFlags extends PaintingFlags {
  n: number;
  caption?: string;
  eta?: number;
}

/** Adds `vary` to the program.
 * @param run what happens when the command is given */
export function addVaryCommand(program: Command, run: (picture: string, flags: VaryFlags) => Promise<void>): void {
  const command = program
    .command("vary")
    .description("paint variations of a picture from its CLIP image embedding")
    .argument("<picture>", "a PNG, JPEG, WebP, GIF, AVIF or TIFF file")
    .addOption(countOption())
    .option("--caption <caption>", "what the decoder reads beside what it sees (default: nothing)")
    .addOption(
      new Option(
        "--eta <share>",
        "begin with the picture's own noise, and add this share of new noise, from 0 (the same picture) to 1 (default: begin with new noise)",
      ).argParser(parseShare),
    );
  addPaintingOptions(command, {
    file: "variation.png",
    help: "the PNG file; with --n 2 and more variation-1.png, variation-2.png, ...; replaces existing files",
  }).action(run);
}

/** Paints variations of a picture and writes them.
 * @param signal stops between two steps; nothing is written then */
export async function vary(file: string, flags: VaryFlags, host: Host, signal: AbortSignal): Promise<void> {
  const picture = await readPictureFile(file);
  const files = await readRequestFiles(flags);
  const { n, eta, caption } = flags;
  const own = { ...(caption !== undefined && { caption }), ...(eta !== undefined && { eta }) };
  const start: Painting["start"] = (unclip) =>
    unclip.vary(picture, { ...paintRequest(flags, files, unclip.stages.upsamplers.length), n, ...own, signal });
  await paintToFiles(
    { flags, files: pictureFiles(flags.out, n), pictures: n, subject: { picture: file }, start },
    host,
    signal,
  );
}
