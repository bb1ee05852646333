import { InvalidArgumentError, Option, type Command } from "commander";
import { classify as classifyPicture } from "unclip";
import { jsonLine } from "./json-line.js";
import { addModelOptions, type ModelFlags } from "./painting-options.js";
import { readPictureFile } from "./read-picture.js";
import { textTable } from "./text-table.js";
import { withClip } from "./with-clip.js";
import type { Host } from "./host.js";

/** The command's options as commander gives them. */
export interface ClassifyFlags extends ModelFlags {
  labels: string[];
  template: string;
}

/** Adds `classify` to the program.
 * @param run what happens when the command is given */
export function addClassifyCommand(
  program: Command,
  run: (picture: string, flags: ClassifyFlags) => Promise<void>,
): void {
  const command = program
    .command("classify")
    .description("find which of some labels fits a picture, by CLIP (zero-shot)")
    .argument("<picture>", "a PNG, JPEG, WebP, GIF, AVIF or TIFF file")
    .addOption(
      new Option("--labels <labels>", 'any words, with commas between them, such as "cat,dog"')
        .makeOptionMandatory()
        .argParser(parseLabels),
    )
    .addOption(
      new Option("--template <caption>", "the caption of a label, which takes the place of {}")
        .default("a photo of a {}")
        .argParser(parseTemplate),
    );
  addModelOptions(command).action(run);
}

/** Prints the labels with their probabilities, the likeliest first. */
export async function classify(file: string, flags: ClassifyFlags, host: Host, signal: AbortSignal): Promise<void> {
  const picture = await readPictureFile(file);
  const { template, labels } = flags;
  const result = await withClip(flags, host, signal, async (clip) => {
    const found = await classifyPicture(clip, picture, labels, { template });
    return { model: clip.model, labels: found.sort((a, b) => b.probability - a.probability) };
  });
  if (flags.json === true) {
    host.stdout.write(jsonLine({ model: result.model, picture: file, template, labels: result.labels }));
    return;
  }
  const rows = result.labels.map(({ label, probability }) => [label, `${(100 * probability).toFixed(2)} %`]);
  const lines = textTable([["label", "probability"], ...rows], (column) => column === 1);
  host.stdout.write(`${lines.join("\n")}\n`);
}

function parseLabels(text: string): string[] {
  const labels = text.split(",").map((label) => label.trim());
  if (labels.includes(""))
    throw new InvalidArgumentError('Expected words with commas between them, such as "cat,dog".');
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined) throw new InvalidArgumentError(`Expected each label once, got "${twice}" twice.`);
  return labels;
}

function parseTemplate(text: string): string {
  if (text.includes("{}")) return text;
  throw new InvalidArgumentError('Expected {} where the label goes, such as "a photo of a {}".');
}
