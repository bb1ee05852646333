import { Option, type Command } from "commander";
import { MOST_PICTURES } from "unclip";
import { parsePictures, parseShare } from "./option-values.js";
import {
  addPaintingOptions,
  paintRequest,
  readRequestFiles,
  refinementsOption,
  type PaintingFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { readPictureFile } from "./read-picture.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface EditFlags extends PaintingFlags {
  from: string;
  to: string;
  strength: number;
  captions?: boolean;
  frames: number;
  refinements?: number;
}

const DEFAULT_FILM = { out: "edit.png" };

/** Adds `edit` to the program.
 * @param run what happens when the command is given */
export function addEditCommand(program: Command, run: (picture: string, flags: EditFlags) => Promise<void>): void {
  const command = program
    .command("edit")
    .description("a text diff: change a picture as one caption differs from another")
    .argument("<picture>", "a PNG, JPEG, WebP, GIF, AVIF or TIFF file")
    .requiredOption("--to <caption>", "what the picture shall show")
    .addOption(new Option("--from <caption>", "what it shows").default("", "the empty caption"))
    .addOption(
      new Option("--strength <share>", "how far it goes, from 0 (nothing changes) to 1; the paper takes 0.25 to 0.5")
        .default(0.3)
        .argParser(parseShare),
    )
    .option("--captions", "the decoder reads the captions too: more changes at small strengths, where more is kept")
    .addOption(
      new Option(
        "--frames <count>",
        `pictures from strength 0 to --strength, up to ${MOST_PICTURES}; 1 is the last alone`,
      )
        .default(1)
        .argParser(parsePictures),
    )
    .addOption(refinementsOption());
  addPaintingOptions(command, DEFAULT_FILM).action(run);
}

/** Changes a picture and writes it, with --frames the way there.
 * @param signal stops between two steps; nothing is written then */
export async function edit(file: string, flags: EditFlags, host: Host, signal: AbortSignal): Promise<void> {
  const picture = await readPictureFile(file);
  const files = await readRequestFiles(flags);
  const { from, to, strength, captions = false, frames, refinements } = flags;
  await paintToFiles(
    {
      flags,
      files: filmFiles(flags, frames, DEFAULT_FILM),
      pictures: frames,
      subject: { picture: file, from, to, strength, frames },
      start: (unclip) =>
        unclip.edit(picture, {
          ...paintRequest(flags, files, unclip.stages.upsamplers.length),
          ...{ from, to, strength, captions, frames },
          ...(refinements !== undefined && { refinements }),
          signal,
        }),
    },
    host,
    signal,
  );
}
