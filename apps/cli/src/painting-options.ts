import { Option, type Command } from "commander";
import {
  PRESET_NAMES,
  UnclipError,
  type AnalyticTable,
  type GenerateRequest,
  type GuidanceInterval,
  type PaintRequest,
  type PresetName,
  type Picture,
  type PriorKind,
  type SamplerSpec,
} from "unclip";
import {
  parseCount,
  parseCounts,
  parseDelay,
  parseFilmName,
  parseGuidance,
  parseInterval,
  parseNoiseLevel,
  parsePictures,
  parsePngName,
  parseRefinements,
  parseSampler,
  parseSeed,
  parseThreads,
  parseUpsamplers,
} from "./option-values.js";
import { readPriorTable } from "./prior-table.js";
import { readPictureFile } from "./read-picture.js";
import type { Film, FilmFlags } from "./result-files.js";
import { samplersHelp } from "./samplers-help.js";

/** Where networks can run in Node; not every machine has all of them. */
const DEVICES = ["auto", "cpu", "webgpu", "cuda", "dml", "coreml"] as const;

/** How a model is loaded and what is printed, as commander gives it. */
export interface EngineFlags {
  device: (typeof DEVICES)[number];
  arithmetic?: "float32" | "float16";
  threads?: number;
  dtype?: "fp32" | "fp16" | "int8";
  offline?: boolean;
  json?: boolean;
  priorModel?: string;
}

/** The options of every command that loads a model by `--model`. */
export interface ModelFlags extends EngineFlags {
  model: string;
}

/** How pictures are sampled. */
export interface SamplingFlags {
  seed?: number | bigint;
  negative?: string;
  preset?: PresetName;
  width?: number;
  height?: number;
  noiseLevel?: number;
  depth?: string;
  decoderSteps?: number;
  decoderSampler?: SamplerSpec;
  decoderGuidance?: number;
  decoderGuidanceInterval?: GuidanceInterval;
  decoderCacheInterval?: number;
  upsamplers?: number;
  upsamplerSteps?: number[];
  upsamplerSampler?: SamplerSpec;
}

/** The options of every command that paints into files. */
export interface PaintingFlags extends ModelFlags, SamplingFlags, FilmFlags {}

/** The options of the prior. */
export interface PriorFlags {
  prior?: PriorKind;
  priorSteps?: number;
  priorSampler?: SamplerSpec;
  priorTable?: string;
  priorGuidance?: number;
  priorGuidanceInterval?: GuidanceInterval;
  candidates?: number;
}

/** How the library finds the model and runs it. */
export function sourceSettings({ device, arithmetic, dtype, offline, threads, priorModel }: EngineFlags) {
  return given({ device, arithmetic, dtype, offline, threads, priorModel });
}

/** What the options of a request name files for. */
export interface RequestFiles {
  readonly table?: AnalyticTable;
  readonly depth?: Picture;
}

/** Reads the files that the options name.
 * @throws UnclipError "input" if one is not what it should be */
export async function readRequestFiles(flags: Pick<SamplingFlags, "depth"> & PriorFlags): Promise<RequestFiles> {
  const { priorTable, depth } = flags;
  return {
    ...(priorTable !== undefined && { table: await readPriorTable(priorTable) }),
    ...(depth !== undefined && { depth: await readPictureFile(depth) }),
  };
}

/** The request behind the options of every command that paints.
 * @param files of {@link readRequestFiles}
 * @param available upsamplers that the model has */
export function paintRequest(flags: SamplingFlags, { depth }: RequestFiles, available: number): PaintRequest {
  const { seed, negative, preset, width, height, noiseLevel } = flags;
  const { decoderSteps: steps, decoderSampler: sampler, decoderCacheInterval: cacheInterval } = flags;
  const { decoderGuidance: guidanceScale, decoderGuidanceInterval: guidanceInterval } = flags;
  return given({
    seed,
    negative,
    preset,
    width,
    height,
    noiseLevel,
    depth,
    decoder: given({ steps, guidanceScale, guidanceInterval, sampler, cacheInterval }),
    upsamplers: upsamplerSettings(flags, available),
  });
}

/** The same with the options of the prior.
 * @param files of {@link readRequestFiles} */
export function generateRequest(
  flags: SamplingFlags & PriorFlags,
  files: RequestFiles,
  available: number,
): PaintRequest & Pick<GenerateRequest, "prior"> {
  const { prior: kind, priorSteps, priorSampler, candidates } = flags;
  const { priorGuidance: guidanceScale, priorGuidanceInterval: guidanceInterval } = flags;
  const { steps = priorSteps, sampler = priorSampler } = withTable(priorSampler, files.table, priorSteps);
  return {
    ...paintRequest(flags, files, available),
    prior: given({ kind, steps, guidanceScale, guidanceInterval, sampler, candidates }),
  };
}

/** A table belongs to the sampler that it was estimated for, and says how many steps it is for. */
function withTable(sampler: SamplerSpec | undefined, table: AnalyticTable | undefined, steps?: number) {
  if (table === undefined) return {};
  if (sampler?.name !== "analytic-dpm") {
    throw new UnclipError("input", "priorTable: only --prior-sampler analytic-dpm takes a table; choose it too");
  }
  return { sampler: { ...sampler, table }, steps: steps ?? table.timesteps.length };
}

/** The settings of each upsampler that runs: one number of steps serves all of them. */
function upsamplerSettings(
  { upsamplers, upsamplerSteps: counts = [], upsamplerSampler: sampler }: SamplingFlags,
  available: number,
): PaintRequest["upsamplers"] {
  const running = upsamplers ?? (counts.length > 1 ? counts.length : available);
  if (counts.length === 0 && sampler === undefined) return upsamplers;
  if (counts.length > 1 && counts.length !== running) {
    throw new UnclipError(
      "input",
      `upsamplerSteps: expected one number, or one for each of ${running} upsamplers, got ${counts.length}`,
    );
  }
  return Array.from({ length: running }, (_, i) => given({ steps: counts[i] ?? counts[0], sampler }));
}

/** The entries of a record that are there. */
function given<T extends object>(settings: T): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;
}

/** Adds the options of every command that paints into files.
 * @param without what is written where neither --out nor --sheet is given */
export function addPaintingOptions(command: Command, without: Film): Command {
  const defaultOf = (name?: string) => (name === undefined ? "" : ` (default, without --out and --sheet: ${name})`);
  command
    .addOption(
      new Option(
        "--out <file>",
        `a .png name gives numbered PNG files, .apng or .gif an animation; replaces existing files${defaultOf(without.out)}`,
      ).argParser(parseFilmName),
    )
    .addOption(
      new Option(
        "--sheet <file>",
        `a PNG file of all pictures side by side; replaces an existing file${defaultOf(without.sheet)}`,
      ).argParser(parsePngName),
    )
    .addOption(new Option("--columns <count>", "pictures in a row of the sheet").default(9).argParser(parseCount))
    .addOption(
      new Option("--delay <ms>", "how long an animation shows each picture").default(150).argParser(parseDelay),
    );
  return addModelOptions(addSamplingOptions(command));
}

/** Adds the options of sampling. */
export function addSamplingOptions(command: Command): Command {
  const seed = new Option("--seed <integer>", "the same seed paints the same picture").default(0).argParser(parseSeed);
  return addStageOptions(command.addOption(seed));
}

/** Adds the options of decoder and upsamplers. */
export function addStageOptions(command: Command): Command {
  return command
    .addHelpText("after", samplersHelp)
    .option("--negative <caption>", "a caption that guidance leads away from")
    .addOption(
      new Option(
        "--preset <preset>",
        "what stands for settings that are left out: exact, the model's own; balanced, about half of the steps, the decoder's by dpmpp-2m and guided at the timesteps 250 to 750 alone; fast, about a third, and every second one of the decoder reuses its deeper levels (default: exact)",
      ).choices(PRESET_NAMES),
    )
    .addOption(sideOption("width"))
    .addOption(sideOption("height"))
    .addOption(
      new Option(
        "--noise-level <level>",
        "noise on what CLIP saw, from 0 to 999, of a model such as Stable unCLIP (default: 0)",
      ).argParser(parseNoiseLevel),
    )
    .option(
      "--depth <file>",
      "a depth picture to follow, near is white, of a model that sees one (Kandinsky's controlnet-depth)",
    )
    .addOption(stepsOption("--decoder-steps <count>"))
    .addOption(
      new Option(
        "--upsamplers <count>",
        "how many upsamplers run (default: all); 0 gives the decoder's small picture",
      ).argParser(parseUpsamplers),
    )
    .addOption(
      new Option(
        "--upsampler-steps <counts>",
        "sampling steps of each upsampler, such as 7,7 (default: the model's own, or 7 each)",
      ).argParser(parseCounts),
    )
    .addOption(samplerOption("--decoder-sampler <name>"))
    .addOption(samplerOption("--upsampler-sampler <name>"))
    .addOption(guidanceOption("--decoder-guidance <scale>", 8))
    .addOption(intervalOption("--decoder-guidance-interval <low,high>"))
    .addOption(
      new Option(
        "--decoder-cache-interval <steps>",
        "2 runs the whole network in every second step, and in the others its first level, which reuses what the deeper ones made (default: 1)",
      ).argParser(parseCount),
    );
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
    .addOption(new Option("--device <device>", "where networks run").default("cpu").choices(DEVICES))
    .addOption(
      new Option(
        "--arithmetic <type>",
        "what networks compute with; float16 is for graphics cards, half of whose memory it saves (default: float32)",
      ).choices(["float32", "float16"]),
    )
    .addOption(
      new Option("--threads <count>", "threads of one network (default: one for each core)").argParser(parseThreads),
    )
    .addOption(
      new Option("--dtype <type>", "which weight files are read, or int8, which is made once (default: fp32)").choices([
        "fp32",
        "fp16",
        "int8",
      ]),
    )
    .option("--prior-model <model>", "another model, from which the prior is taken: a folder or an id on the hub")
    .option("--offline", "take models of the hub from the cache alone")
    .option("--json", "print one JSON object on stdout and nothing else")
    .option("--verbose", "show the stack trace of an error");
}

/** Adds the options of the prior.
 * @param kind the default kind of prior; none where a recipe says it */
export function addPriorOptions(command: Command, kind: PriorKind | undefined): Command {
  const help = "how the caption becomes an image embedding";
  return command
    .addOption(new Option("--prior <prior>", help).default(kind).choices(PRIOR_KINDS))
    .addOption(stepsOption("--prior-steps <count>"))
    .addOption(samplerOption("--prior-sampler <name>"))
    .option("--prior-table <file>", "what --prior-sampler analytic-dpm needs; unclip analytic estimates it")
    .addOption(guidanceOption("--prior-guidance <scale>", 4))
    .addOption(intervalOption("--prior-guidance-interval <low,high>"))
    .addOption(
      new Option(
        "--candidates <count>",
        "embeddings drawn for each caption, of which the nearest to it is kept; 2 in the paper (default: 1)",
      ).argParser(parseCount),
    );
}

const PRIOR_KINDS: readonly PriorKind[] = ["diffusion", "autoregressive", "text-embedding", "none"];

/** How many pictures. */
export function countOption(): Option {
  return new Option("--n <count>", "how many pictures, up to 64").default(1).argParser(parsePictures);
}

function sideOption(name: string): Option {
  const help = `${name} of the pictures, of a model that paints several sizes (default: the model's own)`;
  return new Option(`--${name} <pixels>`, help).argParser(parseCount);
}

/** How faithfully an inversion brings a picture back. */
export function refinementsOption(): Option {
  const help =
    "corrections of each step of the inversion, 0 to 20: more bring the picture back more faithfully (default: 2)";
  return new Option("--refinements <count>", help).argParser(parseRefinements);
}

function stepsOption(flags: string): Option {
  return new Option(flags, "sampling steps (default: the model's own, or 25)").argParser(parseCount);
}

function samplerOption(flags: string): Option {
  const help = "such as dpmpp-2m or ddim:eta=0.5, listed below (default: the model's own)";
  return new Option(flags, help).argParser(parseSampler);
}

function guidanceOption(flags: string, reference: number): Option {
  const help = `0 or more, 1 is off (default: the model's own, or ${reference})`;
  return new Option(flags, help).argParser(parseGuidance);
}

function intervalOption(flags: string): Option {
  const help =
    "timesteps at which guidance acts, such as 200,800; at others a step takes half the time (default: all, 0 to 999)";
  return new Option(flags, help).argParser(parseInterval);
}
