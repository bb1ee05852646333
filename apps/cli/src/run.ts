import { Command, CommanderError } from "commander";
import { isUnclipError, quote } from "unclip";
import { version } from "../package.json";
import { addAgainCommand, again } from "./again.js";
import { addAnalyticCommand, analytic } from "./analytic.js";
import { addClassifyCommand, classify } from "./classify.js";
import { addCompareCommand, compare } from "./compare.js";
import { addComponentsCommand, components } from "./components.js";
import { addEditCommand, edit } from "./edit.js";
import { addEmbedCommand, embed } from "./embed.js";
import { addEvaluateCommand, evaluate } from "./evaluate.js";
import { addGenerateCommand, generate } from "./generate.js";
import { addInterpolateCommand, interpolate } from "./interpolate.js";
import { addInspectCommand, inspect } from "./inspect.js";
import { addMixCommand, mix } from "./mix.js";
import { addQuantizeCommand, quantize } from "./quantize.js";
import { addSheetCommand, sheet } from "./sheet.js";
import { addSimilarityCommand, similarity } from "./similarity.js";
import { reasonOf } from "./read-file.js";
import { addStudyCommands, runStudy } from "./study.js";
import { stopOnSignals } from "./stop.js";
import { addVaryCommand, vary } from "./vary.js";
import type { Host } from "./host.js";

/** Runs one command line.
 * @param args what follows the program's name
 * @returns the exit code: 0 done, 1 failed, 2 the command line is wrong, 130 or 143 stopped by SIGINT or SIGTERM */
export async function run(args: readonly string[], host: Host): Promise<number> {
  let exitCode = 0;
  let command: Command | undefined;
  const stop = stopOnSignals(host);
  const program = createProgram(host).hook("preAction", (_program, chosen) => {
    command = chosen;
  });
  addGenerateCommand(program, (caption, flags) => generate(caption, flags, host, stop.signal));
  addVaryCommand(program, (picture, flags) => vary(picture, flags, host, stop.signal));
  addInterpolateCommand(program, (words, flags) => interpolate(words, flags, host, stop.signal));
  addMixCommand(program, (words, flags) => mix(words, flags, host, stop.signal));
  addEditCommand(program, (picture, flags) => edit(picture, flags, host, stop.signal));
  addComponentsCommand(program, (picture, flags) => components(picture, flags, host, stop.signal));
  addCompareCommand(program, (caption, flags) => compare(caption, flags, host, stop.signal));
  addAgainCommand(program, (picture, flags) => again(picture, flags, host, stop.signal));
  addSheetCommand(program, (file, flags) => sheet(file, flags, host, stop.signal));
  addClassifyCommand(program, (picture, flags) => classify(picture, flags, host, stop.signal));
  addEmbedCommand(program, (flags) => embed(flags, host, stop.signal));
  addSimilarityCommand(program, (items, flags) => similarity(items, flags, host, stop.signal));
  addAnalyticCommand(program, (file, flags) => analytic(file, flags, host, stop.signal));
  addQuantizeCommand(program, (model, flags) => quantize(model, flags, host, stop.signal));
  const evaluation = addEvaluateCommand(program, (model, flags) => evaluate(model, flags, host, stop.signal));
  addStudyCommands(evaluation, (study, model, flags) => runStudy(study, { model, flags }, host, stop.signal));
  addInspectCommand(program, async (folder, flags) => {
    exitCode = (await inspect(folder, flags, host)) ? 0 : 1;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return await checkOutput(exitCode, host);
  } catch (error) {
    if (stop.exitCode !== undefined) {
      host.stderr.write("stopped\n");
      return stop.exitCode;
    }
    return report(error, args, host, command);
  } finally {
    stop.release();
  }
}

function createProgram({ stdout, stderr }: Host): Command {
  return new Command("unclip")
    .description("Captions to pictures with unCLIP (DALL-E 2).")
    .version(version)
    .enablePositionalOptions() // what follows the name of a command is the command's
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      outputError: () => {}, // `report` prints it
    });
}

/** The exit code where the command did its work: 1 if its output could not be written. Whoever closed a pipe has read enough. */
async function checkOutput(exitCode: number, { stdout, stderr }: Host): Promise<number> {
  const failure = await stdout.failure();
  if (failure === undefined || failure.code === "EPIPE") return exitCode;
  stderr.write(`error: stdout could not be written (${reasonOf(failure)}); files that were asked for are there\n`);
  return exitCode || 1;
}

/** One sentence on stderr, and the stack trace if the command wants it.
 * @returns the exit code */
function report(error: unknown, args: readonly string[], { stderr }: Host, command: Command | undefined): number {
  if (error instanceof CommanderError) return reportUsage(error, args, stderr);
  const isVerbose = command?.opts<{ verbose?: boolean }>().verbose === true;
  const { message, stack } = error instanceof Error || isUnclipError(error) ? error : new Error(String(error));
  const hint = isUnclipError(error) || isVerbose ? "" : " (--verbose shows where this came from)";
  stderr.write(`error: ${quote(withFlagNamed(message, command), { max: MOST_MESSAGE })}${hint}\n`);
  if (isVerbose) {
    const lines = `${stack}\n${causesOf(error)}`.trimEnd().split("\n");
    for (const line of lines) stderr.write(`${quote(line, { max: MOST_MESSAGE })}\n`);
  }
  return 1;
}

/** A message of the library with the command's flag in place of the setting that it begins with: "decoder.steps: ..." becomes
 * "--decoder-steps: ...", "upsamplers[1].sampler: ..." becomes "--upsampler-sampler: ...". */
function withFlagNamed(message: string, command: Command | undefined): string {
  const [name, stage, setting = ""] = /^(\w+)(?:\[\d+\])?(?:\.(\w+))?(?=[: ])/.exec(message) ?? [];
  if (name === undefined || stage === undefined) return message;
  const words = [
    stage === "upsamplers" && setting !== "" ? "upsampler" : stage,
    ...(SETTING_WORDS[setting] ?? [setting]),
  ];
  const attribute = words
    .filter(Boolean)
    .map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join("");
  const option = command?.options.find((option) => option.attributeName() === attribute);
  return option === undefined ? message : `${option.long}${message.slice(name.length)}`;
}

/** Settings whose flags have another name. */
const SETTING_WORDS: Readonly<Record<string, readonly string[]>> = { guidanceScale: ["guidance"], kind: [] };

function causesOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return "";
  return `caused by ${cause instanceof Error ? cause.stack : String(cause)}\n${causesOf(cause)}`;
}

/** The longest message, in characters. Ours are shorter; the cut is for those of other libraries. */
const MOST_MESSAGE = 2000;

function reportUsage(
  { code, exitCode, message }: CommanderError,
  args: readonly string[],
  stderr: Host["stderr"],
): number {
  if (exitCode === 0) return 0; // help or version, already printed
  if (code === "commander.help") return 2; // the same, because there was no command
  const isUnquoted = code === "commander.excessArguments" && /'(generate|compare)'/.test(message);
  const cure = isUnquoted ? "put the caption in quotes" : "--help lists what there is";
  const long = args.flatMap((arg) => [arg, arg.slice(arg.indexOf("=") + 1)]).filter((arg) => arg.length > 100);
  const short = long.reduce((text, arg) => text.replaceAll(arg, quote(arg)), message);
  stderr.write(`${quote(short.replace(/\.$/, ""), { max: MOST_MESSAGE })}; ${cure}\n`);
  return 2;
}
