import { Command, Option } from "commander";
import { FAMILIES, SCALES } from "./families/index.js";
import { writeModelFolder } from "./model-folder.js";

/* npm run bench:weights -- <folder>: a model folder of a published size with random weights. */

const command = new Command("bench:weights")
  .description("write a model folder of a published model's shape with random weights: Karlo's takes 14.9 GB as fp32")
  .argument("<folder>", "where to write it")
  .addOption(
    new Option("--family <name>", "which model's shape").choices(FAMILIES.map(({ name }) => name)).default("karlo"),
  )
  .addOption(new Option("--dtype <dtype>", "storage type").choices(["fp32", "fp16"]).default("fp32"))
  .addOption(new Option("--scale <n>", "divide widths, layers and pictures").choices(SCALES.map(String)).default("1"))
  .parse();

const { family, dtype, scale } = command.opts<{ family: string; dtype: "fp32" | "fp16"; scale: string }>();
let shown = -1;
await writeModelFolder(command.args[0]!, {
  family,
  scale: Number(scale),
  type: dtype === "fp16" ? "F16" : "F32",
  onProgress(written, total) {
    const percent = Math.floor((100 * written) / total);
    if (percent === shown || !process.stderr.isTTY) return;
    shown = percent;
    const bar = "#".repeat(percent / 4).padEnd(25, ".");
    process.stderr.write(`\r[${bar}] ${percent} %, ${(written / 1e9).toFixed(1)} of ${(total / 1e9).toFixed(1)} GB`);
  },
});
if (process.stderr.isTTY) process.stderr.write("\n");
process.stdout.write(`${command.args[0]!}\n`);
