import { Option, type Command } from "commander";
import { itemOf, nameOf, readItems, type Item } from "./items.js";
import { parseWeights } from "./option-values.js";
import {
  addPaintingOptions,
  addPriorOptions,
  countOption,
  generateRequest,
  readRequestFiles,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface MixFlags extends PaintingFlags, PriorFlags {
  n: number;
  weights?: number[];
}

const DEFAULT_FILM = { out: "mix.png" };

/** Adds `mix` to the program.
 * @param run what happens when the command is given */
export function addMixCommand(
  program: Command,
  run: (words: readonly string[], flags: MixFlags) => Promise<void>,
): void {
  const command = program
    .command("mix")
    .description("paint several pictures and captions at once, by the weighted mean of their image embeddings")
    .argument("<items...>", "pictures, where there are such files, and captions")
    .addOption(
      new Option(
        "--weights <numbers>",
        "how much each counts, on any scale, such as 0.7,0.3 (default: all the same)",
      ).argParser(parseWeights),
    )
    .addOption(countOption());
  addPriorOptions(command, "diffusion");
  addPaintingOptions(command, DEFAULT_FILM).action(run);
}

/** Paints a mixture and writes the pictures.
 * @param signal stops between two steps; nothing is written then */
export async function mix(words: readonly string[], flags: MixFlags, host: Host, signal: AbortSignal): Promise<void> {
  const items: Item[] = [];
  for (const word of words) items.push(await itemOf(word));
  const read = await readItems(items);
  const files = await readRequestFiles(flags);
  const { n, weights } = flags;
  await paintToFiles(
    {
      flags,
      files: filmFiles(flags, n, DEFAULT_FILM),
      pictures: n,
      subject: { items: items.map(nameOf), ...(weights && { weights }) },
      start: (unclip) =>
        unclip.mix(read, {
          ...generateRequest(flags, files, unclip.stages.upsamplers.length),
          n,
          ...(weights && { weights }),
          signal,
        }),
    },
    host,
    signal,
  );
}
