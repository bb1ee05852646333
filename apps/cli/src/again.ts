import { Option, type Command } from "commander";
import { basename, extname, resolve } from "node:path";
import { readPngTexts, UnclipError, type GenerateRequest, type Picture, type Recipe } from "unclip";
import { quotePath } from "./quote-path.js";
import type { Host } from "./host.js";
import { parsePngName, parseSeed } from "./option-values.js";
import {
  addEngineOptions,
  addPriorOptions,
  addStageOptions,
  generateRequest,
  MODEL_HELP,
  priorTableOf,
  type EngineFlags,
  type ModelFlags,
  type PriorFlags,
  type SamplingFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { pictureGrid } from "./picture-layout.js";
import { readPictureBytes } from "./read-picture.js";
import type { RecipeOfFile } from "./recipe.js";

/** The command's options as commander gives them. What is left out stays as the recipe has it. */
export interface AgainFlags extends EngineFlags, SamplingFlags, PriorFlags {
  model?: string;
  out?: string;
}

/** Adds `again` to the program.
 * @param run what happens when the command is given */
export function addAgainCommand(program: Command, run: (picture: string, flags: AgainFlags) => Promise<void>): void {
  const command = program
    .command("again")
    .description("paint a picture anew from the recipe that its PNG file carries; options change single settings")
    .argument("<picture>", "a PNG file that unclip wrote")
    .addOption(
      new Option(
        "--out <file>",
        "the PNG file (default: the picture's name with -again); replaces an existing file",
      ).argParser(parsePngName),
    )
    .addOption(new Option("--seed <integer>", "another seed than the recipe's").argParser(parseSeed))
    .addOption(new Option("--model <model>", `another model than the recipe's: ${MODEL_HELP}`));
  addPriorOptions(command, undefined);
  addEngineOptions(addStageOptions(command)).action(run);
}

/** Paints the recipe of a picture and writes the picture.
 * @param signal stops between two steps; nothing is written then */
export async function again(file: string, flags: AgainFlags, host: Host, signal: AbortSignal): Promise<void> {
  const { image, columns, ...recipe } = readRecipe(await readPictureBytes(file), quotePath(file));
  const changes = changesOf(recipe, generateRequest(flags, await priorTableOf(flags), recipe.upsamplers.length));
  const painted = paintedBy(recipe);
  if (image > painted) {
    const where = quotePath(file);
    throw new UnclipError("input", `${where}: is picture ${image} of its recipe, which paints ${painted}`);
  }
  await paintToFiles(
    {
      flags: { ...flags, ...modelsOf(recipe, flags) },
      paths: [resolve(flags.out ?? `${basename(file, extname(file))}-again.png`)],
      subject: { again: file },
      start: (unclip) => unclip.again(recipe, { ...changes, signal }),
      ...(columns === undefined
        ? { first: image - 1, arrange: (images: readonly Picture[]) => [images[image - 1]!] }
        : {
            layout: { columns },
            pictures: painted,
            arrange: (images: readonly Picture[]) => [pictureGrid(images, columns)],
          }),
    },
    host,
    signal,
  );
}

/** The models that paint: the recipe's, unless others are named. Another model does not take the prior of the recipe's. */
function modelsOf(recipe: Recipe, { model, priorModel }: AgainFlags): Pick<ModelFlags, "model" | "priorModel"> {
  const prior = priorModel ?? (model === undefined ? recipe.priorModel : undefined);
  return { model: model ?? recipe.model, ...(prior !== undefined && { priorModel: prior }) };
}

/** How many pictures a recipe of this program paints: n for each caption, or of the one picture that was varied. */
function paintedBy({ n, ...recipe }: Recipe & { readonly captions?: unknown }): number {
  return n * (Array.isArray(recipe.captions) ? recipe.captions.length : 1);
}

/** A request as changes of a recipe. An upsampler keeps the settings that are not changed, as the library does for the other stages. */
function changesOf(recipe: Recipe, { prior, upsamplers, ...request }: GenerateRequest): GenerateRequest {
  const settings = typeof upsamplers === "number" ? Array.from({ length: upsamplers }, () => ({})) : upsamplers;
  return {
    ...request,
    ...(Object.keys(prior as object).length > 0 && { prior }),
    ...(settings && { upsamplers: settings.map((changed, i) => ({ ...recipe.upsamplers[i], ...changed })) }),
  };
}

/** The recipe that a PNG file carries.
 * @throws UnclipError "input" if it carries none, or one that is not as unclip writes it */
function readRecipe(bytes: Uint8Array, where: string): RecipeOfFile {
  const text = readPngTexts(bytes, where)["unclip"];
  if (text === undefined) {
    const reason = "give a PNG file that unclip wrote and no other program has saved";
    throw new UnclipError("input", `${where}: carries no recipe; ${reason}`);
  }
  const recipe = parse(text);
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;
  const { model, n, image, columns = 1, upsamplers } = recipe;
  if (typeof model === "string" && [n, image, columns].every(isCount) && Array.isArray(upsamplers)) {
    return recipe as RecipeOfFile;
  }
  const expected = "expected model, n, image and upsamplers, as unclip writes them";
  throw new UnclipError("input", `${where}: its recipe cannot be read; ${expected}`);
}

function parse(text: string): Partial<RecipeOfFile> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<RecipeOfFile>;
  } catch {
    return {};
  }
}
