import { Option, type Command } from "commander";
import { basename, extname, resolve } from "node:path";
import { readPngTexts, UnclipError, type GenerateRequest, type Recipe } from "unclip";
import { quotePath } from "./quote-path.js";
import type { Host } from "./host.js";
import { parseFilmName, parseSeed } from "./option-values.js";
import {
  addEngineOptions,
  addPriorOptions,
  addStageOptions,
  generateRequest,
  MODEL_HELP,
  readRequestFiles,
  type EngineFlags,
  type ModelFlags,
  type PriorFlags,
  type SamplingFlags,
} from "./painting-options.js";
import { paintToFiles } from "./painting.js";
import { readPictureBytes } from "./read-picture.js";
import { isAnimation } from "./result-files.js";
import { picturesOf, type RecipeOfFile, type Shown } from "./recipe.js";

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
        "the file (default: the picture's name with -again); replaces an existing file",
      ).argParser(parseFilmName),
    )
    .addOption(new Option("--seed <integer>", "another seed than the recipe's").argParser(parseSeed))
    .addOption(new Option("--model <model>", `another model than the recipe's: ${MODEL_HELP}`));
  addPriorOptions(command, undefined);
  addEngineOptions(addStageOptions(command)).action(run);
}

/** Paints the recipe of a picture and writes the picture.
 * @param signal stops between two steps; nothing is written then */
export async function again(file: string, flags: AgainFlags, host: Host, signal: AbortSignal): Promise<void> {
  const where = quotePath(file);
  const { shows, ...recipe } = readRecipe(await readPictureBytes(file), where);
  const changes = changesOf(recipe, generateRequest(flags, await readRequestFiles(flags), recipe.upsamplers.length));
  const pictures = picturesOf(recipe);
  if (pictures === undefined) {
    const reason = `it asks for ${JSON.stringify(recipe.operation)}, which this version of unclip does not know`;
    throw new UnclipError("input", `${where}: its recipe cannot be painted; ${reason}`);
  }
  if ("picture" in shows && shows.picture > pictures) {
    throw new UnclipError("input", `${where}: is picture ${shows.picture} of its recipe, which paints ${pictures}`);
  }
  const extension = extname(file);
  const path = resolve(flags.out ?? `${basename(file, extension)}-again${extension}`);
  checkExtension(path, shows);
  await paintToFiles(
    {
      flags: { ...flags, ...modelsOf(recipe, flags) },
      files: [{ path, shows }],
      pictures,
      subject: { again: file },
      start: (unclip) => unclip.again(recipe, { ...changes, signal }),
    },
    host,
    signal,
  );
}

/** The models that paint, and how: the recipe's, unless others are named. Another model takes neither the prior of the recipe's, nor its dtype and
 * its arithmetic. */
function modelsOf(
  recipe: Recipe,
  { model, priorModel, dtype, arithmetic }: AgainFlags,
): Pick<ModelFlags, "model" | "priorModel" | "dtype" | "arithmetic"> {
  if (model !== undefined) return { model, ...(priorModel !== undefined && { priorModel }), ...(dtype && { dtype }) };
  const prior = priorModel ?? recipe.priorModel;
  const type = dtype ?? (recipe.dtype === "int8" ? recipe.dtype : undefined);
  const way = arithmetic ?? (recipe.arithmetic === "float16" ? recipe.arithmetic : undefined);
  return {
    model: recipe.model,
    ...(prior !== undefined && { priorModel: prior }),
    ...(type && { dtype: type }),
    ...(way && { arithmetic: way }),
  };
}

/** Throws unless the name is one for an animation exactly where the recipe has one. */
function checkExtension(path: string, shows: Shown): void {
  const isFilm = "delayMs" in shows;
  if (isAnimation(path) === isFilm) return;
  const expected = isFilm ? "an animation, so name a .apng or .gif file" : "a still picture, so name a .png file";
  throw new UnclipError("input", `out: the recipe paints ${expected}, got ${quotePath(path)}`);
}

/** A request as changes of a recipe. An upsampler keeps the settings that are not changed, as the library does for the other stages. */
function changesOf(recipe: Recipe, { prior, upsamplers, ...request }: GenerateRequest): GenerateRequest {
  const kept = request.preset === undefined ? recipe.upsamplers : []; // a preset sets what is not changed
  const settings = typeof upsamplers === "number" ? Array.from({ length: upsamplers }, () => ({})) : upsamplers;
  return {
    ...request,
    ...(Object.keys(prior as object).length > 0 && { prior }),
    ...(settings && { upsamplers: settings.map((changed, i) => ({ ...kept[i], ...changed })) }),
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
  const { model, n, shows, upsamplers } = recipe;
  if (typeof model === "string" && isCount(n) && isShown(shows) && Array.isArray(upsamplers)) {
    return recipe as RecipeOfFile;
  }
  const expected = "expected model, n, upsamplers and shows, as unclip writes them";
  throw new UnclipError("input", `${where}: its recipe cannot be read; ${expected}`);
}

function isShown(shows: unknown): shows is Shown {
  if (typeof shows !== "object" || shows === null) return false;
  const [[kind, count] = [], ...rest] = Object.entries(shows);
  const isKind = ["picture", "columns", "delayMs"].includes(kind ?? "");
  return isKind && rest.length === 0 && isCount(count);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function parse(text: string): Partial<RecipeOfFile> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<RecipeOfFile>;
  } catch {
    return {};
  }
}
