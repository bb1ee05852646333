import { isUnclipError } from "@unclip/tensor";
import { Command, InvalidArgumentError, Option } from "commander";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { PRESET_NAMES, type Defaults, type PresetName } from "unclip";
import { DIFFUSERS_DTYPES, type TheirMeasurement } from "./measurement.js";
import { measurePictures, nameOf } from "./picture-measurement.js";
import { ownSettings, settingsWith } from "./picture-settings.js";
import { formatPictureTable } from "./picture-table.js";
import { findPython } from "./python.js";

/* npm run bench:picture -- <folder>: times whole pictures, from caption to pixels, beside diffusers. */

const CAPTION = "a red cube on top of a blue sphere";

const command = new Command("bench:picture")
  .description(
    "time whole pictures, caption to pixels, of a model of Karlo's pipeline, beside diffusers on PyTorch where Python has them",
  )
  .argument("<folder>", "a model folder, for example one that bench:weights wrote")
  .addOption(new Option("--presets <names...>", "of our side").choices(PRESET_NAMES).default(PRESET_NAMES))
  .option("--int8 <folder>", "the same model in int8, as unclip quantize writes it: painted with in the same run")
  .option("--captions <file>", `a caption on each line, a picture of each (default: "${CAPTION}")`)
  .option("--prior-steps <count>", "of exact, and of diffusers (default: the model's own, or 25)", positiveInteger)
  .option("--decoder-steps <count>", "likewise (default: the model's own, or 25)", positiveInteger)
  .option("--upsampler-steps <count>", "likewise (default: the model's own, or 7)", positiveInteger)
  .option("--python <command>", "Python with torch, diffusers, transformers and safetensors", "python3")
  .option("--no-diffusers", "leave the other side out")
  .addOption(
    new Option("--diffusers-dtype <type>", "in which the other side computes; bfloat16 with channels last, best: both")
      .choices([...DIFFUSERS_DTYPES, "best"])
      .default("best"),
  )
  .option("--threads <n>", "threads of either side (default: one for each core)", positiveInteger)
  .option("--json", "print the measurements as JSON")
  .parse();

const options = command.opts<{
  presets: readonly PresetName[];
  int8?: string;
  captions?: string;
  priorSteps?: number;
  decoderSteps?: number;
  upsamplerSteps?: number;
  python: string;
  diffusers: boolean;
  diffusersDtype: TheirMeasurement["dtype"] | "best";
  threads?: number;
  json?: boolean;
}>();

const say = (line: string) => process.stderr.write(`${line}\n`);
const [folder] = command.args as [string];
const { presets, int8, threads, diffusersDtype } = options;
const own = await ownSettingsOf(folder);
if (int8 !== undefined) await ownSettingsOf(int8);
const captions = options.captions === undefined ? [CAPTION] : await readCaptions(options.captions);
const settings = settingsWith(own, {
  prior: options.priorSteps,
  decoder: options.decoderSteps,
  upsampler: options.upsamplerSteps,
});
const state = options.diffusers ? findPython(options.python) : { missing: "--no-diffusers" };
if ("missing" in state) say(`diffusers: skipped (${state.missing})`);

const measurements = await measurePictures(folder, {
  captions,
  settings,
  presets,
  diffusersDtypes: diffusersDtype === "best" ? DIFFUSERS_DTYPES : [diffusersDtype],
  ...(int8 !== undefined && { int8 }),
  ...(threads !== undefined && { threads }),
  ...("python" in state && { python: state.python }),
  onBegin: (way) => say(`${nameOf(way)} ...`),
});
const steps = [settings.prior, settings.decoder, settings.upsamplers[0]!].map((stage) => stage.steps).join("/");
if (options.json) {
  const about = { steps, captions: captions.length, threads: threads ?? availableParallelism() };
  process.stdout.write(`${JSON.stringify({ ...about, measurements }, undefined, 2)}\n`);
} else {
  const theirs = measurements.find(({ side }) => side === "diffusers")?.version;
  const versions = [
    `unclip on onnxruntime-node ${measurements[0]!.version}`,
    ...(theirs === undefined ? [] : [theirs]),
  ];
  process.stdout.write(`${steps} steps; ${versions.join("; ")}\n\n${formatPictureTable(measurements)}\n`);
}

/** {@link ownSettings}; an error ends the command in its one sentence. */
async function ownSettingsOf(directory: string): Promise<Defaults> {
  return ownSettings(directory).catch((error: unknown) => {
    if (isUnclipError(error)) command.error(`error: ${error.message}`);
    throw error;
  });
}

async function readCaptions(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch((error: Error) => command.error(`error: captions: ${error.message}`));
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) command.error(`error: captions: expected a caption on each line of ${file}, got none`);
  return lines;
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 on");
  return Number(text);
}
