import { Option, type Command } from "commander";
import { parseShare } from "./option-values.js";
import {
  addPaintingOptions,
  countOption,
  paintRequest,
  readRequestFiles,
  refinementsOption,
  type PaintingFlags,
} from "./painting-options.js";
import { paintToFiles, type Painting } from "./painting.js";
import { readPictureFile } from "./read-picture.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface VaryFlags extends PaintingFlags {
  n: number;
  caption?: string;
  eta?: number;
  refinements?: number;
}

const DEFAULT_FILM = { out: "variation.png" };

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
    )
    .addOption(refinementsOption());
  addPaintingOptions(command, DEFAULT_FILM).action(run);
}

/** Paints variations of a picture and writes them.
 * @param signal stops between two steps; nothing is written then */
export async function vary(file: string, flags: VaryFlags, host: Host, signal: AbortSignal): Promise<void> {
  const picture = await readPictureFile(file);
  const files = await readRequestFiles(flags);
  const { n, eta, caption, refinements } = flags;
  const own = {
    ...(caption !== undefined && { caption }),
    ...(eta !== undefined && { eta }),
    ...(refinements !== undefined && { refinements }),
  };
  const start: Painting["start"] = (unclip) =>
    unclip.vary(picture, { ...paintRequest(flags, files, unclip.stages.upsamplers.length), n, ...own, signal });
  await paintToFiles(
    { flags, files: filmFiles(flags, n, DEFAULT_FILM), pictures: n, subject: { picture: file }, start },
    host,
    signal,
  );
}
