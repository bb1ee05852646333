import { Command, CommanderError } from "commander";
import { isUnclipError } from "unclip";
import { version } from "../package.json";
import { addAnalyticCommand, analytic } from "./analytic.js";
import { addClassifyCommand, classify } from "./classify.js";
import { addEmbedCommand, embed } from "./embed.js";
import { addEvaluateCommand, evaluate } from "./evaluate.js";
import { addGenerateCommand, generate } from "./generate.js";
import { addInspectCommand, inspect } from "./inspect.js";
import { addSheetCommand, sheet } from "./sheet.js";
import { addSimilarityCommand, similarity } from "./similarity.js";
import { stopOnSignals } from "./stop.js";
import { addVaryCommand, vary } from "./vary.js";
import type { World } from "./world.js";

/** Runs one command line.
 * @param args what follows the program's name
 * @returns the exit code: 0 done, 1 failed, 2 the command line is wrong, 130 or 143 stopped by SIGINT or SIGTERM */
export async function run(args: readonly string[], world: World): Promise<number> {
  let exitCode = 0;
  let command: Command | undefined;
  const stop = stopOnSignals(world);
  const program = createProgram(world).hook("preAction", (_program, chosen) => {
    command = chosen;
  });
  addGenerateCommand(program, (caption, flags) => generate(caption, flags, world, stop.signal));
  addVaryCommand(program, (picture, flags) => vary(picture, flags, world, stop.signal));
  addSheetCommand(program, (file, flags) => sheet(file, flags, world, stop.signal));
  addClassifyCommand(program, (picture, flags) => classify(picture, flags, world, stop.signal));
  addEmbedCommand(program, (flags) => embed(flags, world, stop.signal));
  addSimilarityCommand(program, (items, flags) => similarity(items, flags, world, stop.signal));
  addAnalyticCommand(program, (file, flags) => analytic(file, flags, world, stop.signal));
  addEvaluateCommand(program, (model, flags) => evaluate(model, flags, world, stop.signal));
  addInspectCommand(program, async (folder, flags) => {
    exitCode = (await inspect(folder, flags, world)) ? 0 : 1;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (stop.exitCode !== undefined) {
      world.stderr.write("stopped\n");
      return stop.exitCode;
    }
    return report(error, world, command);
  } finally {
    stop.release();
  }
}

function createProgram({ stdout, stderr }: World): Command {
  return new Command("unclip")
    .description("Captions to pictures with unCLIP (DALL-E 2).")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      outputError: () => {}, // `report` prints it
    });
}

/** One sentence on stderr, and the stack trace if the command wants it.
 * @returns the exit code */
function report(error: unknown, { stderr }: World, command: Command | undefined): number {
  if (error instanceof CommanderError) return reportUsage(error, stderr);
  const isVerbose = command?.opts<{ verbose?: boolean }>().verbose === true;
  const { message, stack } = error instanceof Error || isUnclipError(error) ? error : new Error(String(error));
  const hint = isUnclipError(error) || isVerbose ? "" : " (--verbose shows where this came from)";
  stderr.write(`error: ${withFlagNamed(message, command)}${hint}\n`);
  if (isVerbose) stderr.write(`${stack}\n${causesOf(error)}`);
  return 1;
}

/** The library's messages begin with the name of its option, here the command's flag is meant: "decoderGuidance: ..." and
 * "decoder.steps: ..." become "--decoder-guidance: ..." and "--decoder-steps: ...". */
function withFlagNamed(message: string, command: Command | undefined): string {
  const [name, stage, rest] = /^(\w+)(?:\.(\w+))?(?=: )/.exec(message) ?? [];
  if (name === undefined) return message;
  const attribute = rest === undefined ? stage : `${stage}${rest[0]!.toUpperCase()}${rest.slice(1)}`;
  const option = command?.options.find((option) => option.attributeName() === attribute);
  return option === undefined ? message : `${option.long}${message.slice(name.length)}`;
}

function causesOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return "";
  return `caused by ${cause instanceof Error ? cause.stack : String(cause)}\n${causesOf(cause)}`;
}

function reportUsage({ code, exitCode, message }: CommanderError, stderr: World["stderr"]): number {
  if (exitCode === 0) return 0; // help or version, already printed
  if (code === "commander.help") return 2; // the same, because there was no command
  const isUnquoted = code === "commander.excessArguments" && message.includes("'generate'");
  const cure = isUnquoted ? "put the caption in quotes" : "--help lists what there is";
  stderr.write(`${message.replace(/\n/g, " ").replace(/\.$/, "")}; ${cure}\n`);
  return 2;
}
