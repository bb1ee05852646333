import { Option, type Command } from "commander";
import { MOST_PICTURES } from "unclip";
import { itemOf, nameOf, readItems, type Item } from "./items.js";
import { parsePictures } from "./option-values.js";
import {
  addPaintingOptions,
  addPriorOptions,
  generateRequest,
  readRequestFiles,
  refinementsOption,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface InterpolateFlags extends PaintingFlags, PriorFlags {
  frames: number;
  noise?: "inverted" | "fixed";
  refinements?: number;
}

const DEFAULT_FILM = { out: "interpolation.png" };

/** Adds `interpolate` to the program.
 * @param run what happens when the command is given */
export function addInterpolateCommand(
  program: Command,
  run: (words: readonly string[], flags: InterpolateFlags) => Promise<void>,
): void {
  const command = program
    .command("interpolate")
    .description("paint the way from one picture or caption to the next, as frames, an animation or a sheet")
    .argument("<first>", "a picture if there is such a file, otherwise a caption")
    .argument("<second>", "the same")
    .argument("[more...]", "the same")
    .addOption(
      new Option("--frames <count>", `pictures, the ends among them, 2 to ${MOST_PICTURES}`)
        .default(9)
        .argParser(parsePictures),
    )
    .addOption(
      new Option(
        "--noise <kind>",
        "the noise that frames begin with: the pictures' own, or one for all (default: inverted where all are pictures)",
      ).choices(["inverted", "fixed"]),
    )
    .addOption(refinementsOption());
  addPriorOptions(command, "diffusion");
  addPaintingOptions(command, DEFAULT_FILM).action(
    (first: string, second: string, more: string[], flags: InterpolateFlags) => run([first, second, ...more], flags),
  );
}

/** Paints an interpolation and writes its pictures.
 * @param signal stops between two steps; nothing is written then */
export async function interpolate(
  words: readonly string[],
  flags: InterpolateFlags,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const items: Item[] = [];
  for (const word of words) items.push(await itemOf(word));
  const read = await readItems(items);
  const files = await readRequestFiles(flags);
  const { frames, noise, refinements } = flags;
  await paintToFiles(
    {
      flags,
      files: filmFiles(flags, frames, DEFAULT_FILM),
      pictures: frames,
      subject: { items: items.map(nameOf), frames },
      start: (unclip) =>
        unclip.interpolate(read, {
          ...generateRequest(flags, files, unclip.stages.upsamplers.length),
          frames,
          ...(noise !== undefined && { noise }),
          ...(refinements !== undefined && { refinements }),
          signal,
        }),
    },
    host,
    signal,
  );
}
