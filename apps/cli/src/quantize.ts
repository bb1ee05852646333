import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { jsonLine } from "./json-line.js";
import { parseCount, parseSmallSeed, parseThreads, parseTolerance } from "./option-values.js";
import { watch } from "./painting.js";
import { createProgress } from "./progress.js";
import { readCaptions } from "./sheet.js";
import { shortPath } from "./short-path.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface QuantizeFlags {
  out: string;
  captions?: string;
  steps?: number;
  tolerance?: number | "none";
  seed?: number;
  threads?: number;
  dtype?: "fp32" | "fp16";
  priorModel?: string;
  offline?: boolean;
  json?: boolean;
}

/** Adds `quantize` to the program.
 * @param run what happens when the command is given */
export function addQuantizeCommand(
  program: Command,
  run: (model: string, flags: QuantizeFlags) => Promise<void>,
): void {
  program
    .command("quantize")
    .description("write a model whose layers are int8: smaller, and faster on processors; takes minutes to hours")
    .argument("<model>", "toybox, a model folder, or owner/name[@revision] on the hub")
    .requiredOption("--out <folder>", "the folder to write, which is not there yet")
    .option("--captions <file>", "a caption on each line, like those it will paint (default: four of all kinds)")
    .addOption(
      new Option("--steps <count>", "sampling steps of each stage while its layers are watched (default: 8)").argParser(
        parseCount,
      ),
    )
    .addOption(
      new Option(
        "--tolerance <share>",
        "error that int8 may bring to the output of each network (default: 0.01); layers stay in float until it is kept; " +
          "none: all become int8 that can, and no layer is tried alone, which saves most of the time",
      ).argParser(parseTolerance),
    )
    .addOption(new Option("--seed <integer>", "of the noise (default: 0)").argParser(parseSmallSeed))
    .addOption(
      new Option("--threads <count>", "threads of one network (default: one for each core)").argParser(parseThreads),
    )
    .addOption(new Option("--dtype <type>", "which weight files are read").default("fp32").choices(["fp32", "fp16"]))
    .option("--prior-model <model>", "another model, whose prior makes the embeddings; it is not quantised with it")
    .option("--offline", "take models of the hub from the cache alone")
    .option("--json", "print one JSON object on stdout and nothing else")
    .option("--verbose", "show the stack trace of an error")
    .action(run);
}

/** Quantises a model and writes it.
 * @param signal stops between two evaluations of a network; nothing is written then */
export async function quantize(model: string, flags: QuantizeFlags, host: Host, signal: AbortSignal): Promise<void> {
  const { json = false, captions: file, steps, tolerance, seed, threads, dtype, priorModel, offline } = flags;
  const settings = Object.fromEntries(
    Object.entries({ steps, tolerance, seed, threads, dtype, priorModel, offline }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const captions = file === undefined ? undefined : await readCaptions(file);
  const download = createProgress(host);
  const result = await watch(
    host.engine.quantizeModel(model, {
      ...settings,
      out: resolve(flags.out),
      ...(captions && { captions }),
      signal,
      onDownload: ({ loaded, total }) => {
        const [step, steps] = [Math.ceil(loaded / 1e6), Math.ceil(total / 1e6)];
        void download.show({ stage: "download", step, steps, unit: "MB" });
      },
    }),
    host,
  ).finally(() => download.stop());
  if (json) {
    host.stdout.write(jsonLine(result));
    return;
  }
  const { before, after } = result.sizeBytes;
  const layers = result.networks.flatMap(({ layers }) => layers);
  const int8 = layers.filter(({ type }) => type === "int8").length;
  const megabytes = [before, after].map((bytes) => (bytes / 1e6).toFixed(1));
  host.stdout.write(
    `${shortPath(result.path)}  (${int8} of ${layers.length} layers in int8, weights ${megabytes[0]} MB before, ${megabytes[1]} MB now)\n`,
  );
}
