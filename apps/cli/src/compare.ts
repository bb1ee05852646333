import type { Command } from "commander";
import {
  addPaintingOptions,
  addPriorOptions,
  generateRequest,
  readRequestFiles,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface CompareFlags extends PaintingFlags, PriorFlags {}

const DEFAULT_FILM = { sheet: "compare.png" };

/** Adds `compare` to the program.
 * @param run what happens when the command is given */
export function addCompareCommand(
  program: Command,
  run: (caption: string, flags: CompareFlags) => Promise<void>,
): void {
  const command = program
    .command("compare")
    .description("paint a caption conditioned in the three ways that the paper compares, from the same noise")
    .argument("<caption>", "what to paint, in quotes");
  addPriorOptions(command, "diffusion");
  addPaintingOptions(command, DEFAULT_FILM).action(run);
}

/** What the pictures are, in their order. */
const LEGEND =
  "from left to right: the caption alone, its text embedding as image embedding, the full stack with the prior";

/** Paints a caption in three ways and writes one sheet.
 * @param signal stops between two steps; nothing is written then */
export async function compare(caption: string, flags: CompareFlags, host: Host, signal: AbortSignal): Promise<void> {
  const files = await readRequestFiles(flags);
  await paintToFiles(
    {
      flags,
      files: filmFiles(flags, 3, DEFAULT_FILM),
      pictures: 3,
      subject: { caption, ways: ["none", "text-embedding", flags.prior] },
      start: (unclip) =>
        unclip.compare(caption, { ...generateRequest(flags, files, unclip.stages.upsamplers.length), signal }),
      legend: LEGEND,
    },
    host,
    signal,
  );
}
