import { Option, type Command } from "commander";
import { basename, extname, resolve } from "node:path";
import { readPngTexts, UnclipError, type GenerateRequest, type Picture } from "unclip";
import type { Host } from "./host.js";
import { parsePngName, parseSeed } from "./option-values.js";
import {
  paintRequest,
  addEngineOptions,
  addStageOptions,
  MODEL_HELP,
  type EngineFlags,
  type SamplingFlags,
} from "./painting-options.js";
import { paintToFiles, type Painting } from "./painting.js";
import { pictureGrid } from "./picture-layout.js";
import { readFileBytes } from "./read-picture.js";
import type { RecipeOfFile } from "./recipe.js";

/** The command's options as commander gives them. */
export interface AgainFlags extends EngineFlags, Omit<SamplingFlags, "seed"> {
  seed?: number | bigint;
  model?: string;
  out?: string;
}

/** Adds `again` to the program.
 * @param run what happens when the command is given */
export function addAgainCommand(program: Command, run: (picture: string, flags: AgainFlags) => Promise<void>): void {
  const command = program
    .command("again")
    .description("paint a picture anew from the recipe that its PNG file carries")
    .argument("<picture>", "a PNG file that unclip wrote")
    .addOption(
      new Option(
        "--out <file>",
        "the PNG file (default: the picture's name with -again); replaces an existing file",
      ).argParser(parsePngName),
    )
    .addOption(new Option("--seed <integer>", "another seed than the recipe's").argParser(parseSeed))
    .addOption(new Option("--model <model>", `another model than the recipe's: ${MODEL_HELP}`));
  addEngineOptions(addStageOptions(command)).action(run);
}

/** Paints the recipe of a picture and writes the picture.
 * @param signal stops between two steps; nothing is written then */
export async function again(file: string, flags: AgainFlags, host: Host, signal: AbortSignal): Promise<void> {
  const { image, columns, ...recipe } = readRecipe(await readFileBytes(file), file);
  const path = resolve(flags.out ?? `${basename(file, extname(file))}-again.png`);
  const start: Painting["start"] = (unclip) => {
    const changes: GenerateRequest = paintRequest({ ...flags, seed: flags.seed! }, unclip.stages.upsamplers.length);
    return unclip.again(recipe, { ...changes, signal } as GenerateRequest);
  };
  await paintToFiles(
    {
      flags: { ...flags, model: flags.model ?? recipe.model },
      paths: [path],
      subject: { again: file },
      start,
      ...(columns === undefined
        ? { first: image - 1, arrange: (images: readonly Picture[]) => pictureOf(images, image, file) }
        : { layout: { columns }, arrange: (images: readonly Picture[]) => [pictureGrid(images, columns)] }),
    },
    host,
    signal,
  );
}

/** The recipe that a PNG file carries, and the number of its picture, from 1.
 * @throws UnclipError "input" if it carries none */
function readRecipe(bytes: Uint8Array, file: string): RecipeOfFile {
  const text = readPngTexts(bytes, file)["unclip"];
  const recipe = text === undefined ? undefined : parse(text);
  if (recipe === undefined) {
    throw new UnclipError(
      "input",
      `${file}: carries no recipe; give a PNG file that unclip wrote and no other program has saved`,
    );
  }
  return recipe;
}

/** Picture `image` of a generation, from 1.
 * @throws UnclipError "input" if the recipe does not paint as many */
function pictureOf(images: readonly Picture[], image: number, file: string): readonly Picture[] {
  const picture = images[image - 1];
  if (picture !== undefined) return [picture];
  throw new UnclipError("input", `${file}: is picture ${String(image)} of its recipe, which paints ${images.length}`);
}

function parse(text: string): RecipeOfFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as RecipeOfFile) : undefined;
  } catch {
    return undefined;
  }
}
