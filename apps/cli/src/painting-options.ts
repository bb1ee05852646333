import { Option, type Command } from "commander";
import { SAMPLER_NAMES, type SamplerName } from "unclip";
import { parseCount, parseCounts, parseGuidance, parsePngName, parseSeed, parseWhole } from "./option-values.js";
import { readPriorTable } from "./prior-table.js";

/** How a model is loaded and what is printed, as commander gives it. */
export interface EngineFlags {
  device: "cpu";
  dtype: "fp32" | "fp16";
  offline?: boolean;
  json?: boolean;
}

/** The options of every command that loads a model by `--model`. */
export interface ModelFlags extends EngineFlags {
  model: string;
}

/** How pictures are sampled. */
export interface SamplingFlags {
  seed: number | bigint;
  decoderSteps?: number;
  decoderSampler?: SamplerName;
  upsamplers?: number;
  upsamplerSampler?: SamplerName;
  upsamplerSteps?: number[];
  decoderGuidance?: number;
}

/** The options of every command that paints into files. */
export interface PaintingFlags extends ModelFlags, SamplingFlags {
  out: string;
}

/** The options of the prior. */
export interface PriorFlags {
  prior: "diffusion" | "text-embedding" | "none";
  priorSteps?: number;
  priorSampler?: SamplerName;
  priorTable?: string;
  priorGuidance?: number;
}

/** How the library shall find the model. */
export function sourceSettings({ device, dtype, offline }: EngineFlags) {
  return { device, dtype, ...(offline !== undefined && { offline }) };
}

/** The settings of the library behind the options of every command that paints. */
export function paintingSettings(flags: SamplingFlags) {
  const { seed, decoderSteps, decoderSampler, decoderGuidance, upsamplers, upsamplerSteps, upsamplerSampler } = flags;
  return { seed, decoderSteps, decoderSampler, decoderGuidance, upsamplers, upsamplerSteps, upsamplerSampler };
}

/** The settings of the library behind the options of the prior, whose table is read.
 * @throws UnclipError "input" if that file is no table */
export async function priorSettings({ prior, priorSteps, priorSampler, priorTable, priorGuidance }: PriorFlags) {
  const table = priorTable === undefined ? undefined : await readPriorTable(priorTable);
  return { prior, priorSteps, priorSampler, priorTable: table, priorGuidance };
}

/** Adds the options of every command that paints into files.
 * @param out default file name and what is written there */
export function addPaintingOptions(command: Command, out: { file: string; help: string }): Command {
  command.addOption(new Option("--out <file>", out.help).default(out.file).argParser(parsePngName));
  return addModelOptions(addSamplingOptions(command));
}

/** Adds the options that tell how pictures are sampled. */
export function addSamplingOptions(command: Command): Command {
  return command
    .addOption(new Option("--seed <integer>", "the same seed paints the same picture").default(0).argParser(parseSeed))
    .addOption(stepsOption("--decoder-steps <count>"))
    .addOption(
      new Option(
        "--upsamplers <count>",
        "how many upsamplers run (default: all); 0 gives the decoder's small picture",
      ).argParser(parseWhole),
    )
    .addOption(
      new Option(
        "--upsampler-steps <counts>",
        "sampling steps of each upsampler, such as 7,7 (default: the model's own, or 7 each)",
      ).argParser(parseCounts),
    )
    .addOption(samplerOption("--decoder-sampler <name>"))
    .addOption(samplerOption("--upsampler-sampler <name>"))
    .addOption(guidanceOption("--decoder-guidance <scale>", 8));
}

/** What a model can be, for help. */
export const MODEL_HELP = "toybox, which ships with unclip, a model folder, or owner/name[@revision] on the hub";

/** Adds the options of every command that loads a model by `--model`. */
export function addModelOptions(command: Command): Command {
  return addEngineOptions(command.addOption(new Option("--model <model>", MODEL_HELP).default("toybox")));
}

/** Adds the options of how a model is loaded and what is printed. */
export function addEngineOptions(command: Command): Command {
  return command
    .addOption(new Option("--device <device>", "where networks run").default("cpu").choices(["cpu"]))
    .addOption(new Option("--dtype <type>", "which weight files are read").default("fp32").choices(["fp32", "fp16"]))
    .option("--offline", "take models of the hub from the cache alone")
    .option("--json", "print one JSON object on stdout and nothing else")
    .option("--verbose", "show the stack trace of an error");
}

/** Adds the options of the prior. */
export function addPriorOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--prior <prior>", "how the caption becomes an image embedding")
        .default("diffusion")
        .choices(["diffusion", "text-embedding", "none"]),
    )
    .addOption(stepsOption("--prior-steps <count>"))
    .addOption(samplerOption("--prior-sampler <name>", SAMPLER_NAMES))
    .option("--prior-table <file>", "what --prior-sampler analytic-dpm needs; unclip analytic estimates it")
    .addOption(guidanceOption("--prior-guidance <scale>", 4));
}

/** How many pictures. */
export function countOption(): Option {
  return new Option("--n <count>", "how many pictures").default(1).argParser(parseCount);
}

function stepsOption(flags: string): Option {
  return new Option(flags, "sampling steps (default: the model's own, or 25)").argParser(parseCount);
}

/** All but Analytic-DPM, whose table is estimated for the prior alone. */
const SAMPLERS = SAMPLER_NAMES.filter((name) => name !== "analytic-dpm");

function samplerOption(flags: string, names: readonly string[] = SAMPLERS): Option {
  return new Option(flags, "such as ddim or dpmpp-2m (default: the model's own)").choices(names);
}

function guidanceOption(flags: string, reference: number): Option {
  const help = `0 or more, 1 is off (default: the model's own, or ${reference})`;
  return new Option(flags, help).argParser(parseGuidance);
}
