import { openModelFolder } from "@unclip/runtime/node";
import { readJson } from "@unclip/tensor";
import { Command, InvalidArgumentError, Option } from "commander";
import { DIFFUSERS_DTYPES, measureStage, type Measurement, type TheirMeasurement } from "./measurement.js";
import { findPython } from "./python.js";
import { STAGES, stageNamed, stagesOf } from "./stages.js";
import { formatOperators, formatTable } from "./table.js";

/* npm run bench -- <folder>: times every stage of a model folder, beside diffusers. */

const command = new Command("bench")
  .description(
    "time every stage of a model folder that bench:weights wrote, beside diffusers on PyTorch where Python has them",
  )
  .argument("<folder>", "a model folder, for example one that bench:weights wrote")
  .option("--repeats <n>", "steps after the warm-up, whose median counts", positiveInteger, 3)
  .addOption(
    new Option("--stages <names...>", "only these")
      .choices(STAGES.map(({ name }) => name))
      .default(undefined, "all of the folder's model"),
  )
  .option("--python <command>", "Python with torch, diffusers, transformers and safetensors", "python3")
  .option("--no-diffusers", "leave the other side out")
  .addOption(
    new Option("--diffusers-dtype <type>", "in which the other side computes; bfloat16 with channels last, best: both")
      .choices([...DIFFUSERS_DTYPES, "best"])
      .default("float32"),
  )
  .option("--int8 <folder>", "the same model in int8, as unclip quantize writes it: measured in the same run")
  .option("--threads <n>", "threads of either side", positiveInteger)
  .addOption(
    new Option(
      "--clock <clock>",
      "what counts: time that passed, or processor time (fair on a busy machine, with --threads 1)",
    )
      .choices(["elapsed", "processor"])
      .default("elapsed"),
  )
  .option("--profile", "tell what the operators of our side took in the last step; steps take a little longer then")
  .option("--json", "print the measurements as JSON")
  .parse();

const options = command.opts<{
  repeats: number;
  stages?: string[];
  python: string;
  diffusers: boolean;
  diffusersDtype: TheirMeasurement["dtype"] | "best";
  int8?: string;
  profile?: boolean;
  json?: boolean;
  threads?: number;
  clock: "elapsed" | "processor";
}>();

const say = (line: string) => process.stderr.write(`${line}\n`);
const state = options.diffusers ? findPython(options.python) : { missing: "--no-diffusers" };
if ("missing" in state) say(`diffusers: skipped (${state.missing})`);
const python = "python" in state ? state.python : undefined;

const { diffusersDtype } = options;
const diffusersDtypes = diffusersDtype === "best" ? DIFFUSERS_DTYPES : [diffusersDtype];

const directory = command.args[0]!;
const folder = await openModelFolder(directory);
const measurements: Measurement[] = [];
const { _class_name: className } = await readJson(folder, "model_index.json");
for (const stage of options.stages?.map(stageNamed) ?? stagesOf(className)) {
  say(`${stage.title} ...`);
  const config = await readJson(folder, `${stage.component}/config.json`);
  measurements.push(await measureStage(directory, stage, config, { ...options, diffusersDtypes, python }));
}
if (options.json) process.stdout.write(`${JSON.stringify(measurements, undefined, 2)}\n`);
else {
  const [first] = measurements;
  const sides = [`unclip on onnxruntime-node ${first!.unclip[0]!.version}`, first!.diffusers[0]?.version];
  process.stdout.write(`${sides.filter((side) => side !== undefined).join("; ")}\n\n${formatTable(measurements)}\n`);
  const profiled = measurements.flatMap(({ title, unclip }) => unclip.map((ours) => ({ title, ...ours })));
  for (const { title, dtype, operators } of profiled)
    if (operators !== undefined) process.stdout.write(`\n${title}, ${dtype}\n\n${formatOperators(operators)}\n`);
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 on");
  return Number(text);
}
