import { Option, type Command } from "commander";
import { readImageAndMask } from "./image-and-mask.js";
import { parsePictures, parseShare } from "./option-values.js";
import {
  addPaintingOptions,
  addPriorOptions,
  countOption,
  generateRequest,
  readRequestFiles,
  type PaintingFlags,
  type PriorFlags,
} from "./painting-options.js";
import { paintToFiles, type Painting } from "./painting.js";
import { filmFiles } from "./result-files.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface GenerateFlags extends PaintingFlags, PriorFlags {
  n: number;
  rerank?: number;
  image?: string;
  strength?: number;
  mask?: string;
}

const DEFAULT_FILM = { out: "picture.png" };

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
    .addOption(countOption())
    .addOption(
      new Option(
        "--rerank <count>",
        "paint so many pictures and keep the --n that CLIP sees nearest to the caption, the nearest first",
      ).argParser(parsePictures),
    )
    .option("--image <file>", "a picture to begin with; its transparent area is painted anew where there is no --mask")
    .addOption(
      new Option(
        "--strength <share>",
        "how much of the picture is painted anew, above 0 to 1 (default: 0.6, of Kandinsky 0.3, with a mask 1)",
      ).argParser(parseShare),
    )
    .option("--mask <file>", "a picture of --image's shape: what is white is painted anew, what is black stays");
  addPriorOptions(command, "diffusion");
  addPaintingOptions(command, DEFAULT_FILM).action(run);
}

/** Paints a caption and writes the pictures.
 * @param signal stops between two steps; nothing is written then */
export async function generate(caption: string, flags: GenerateFlags, host: Host, signal: AbortSignal): Promise<void> {
  const files = await readRequestFiles(flags);
  const { n, rerank, strength } = flags;
  const own = {
    ...(await readImageAndMask(flags)),
    ...(strength !== undefined && { strength }),
    ...(rerank !== undefined && { rerank }),
  };
  const start: Painting["start"] = (unclip) =>
    unclip.generate(caption, {
      ...generateRequest(flags, files, unclip.stages.upsamplers.length),
      ...own,
      n,
      signal,
    });
  await paintToFiles(
    { flags, files: filmFiles(flags, n, DEFAULT_FILM), pictures: n, subject: { caption }, start },
    host,
    signal,
  );
}
