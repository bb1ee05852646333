import type { Command } from "commander";
import { concatRows, cosineSimilarity } from "unclip";
import { embedItems } from "./embed-items.js";
import { itemOf, nameOf, type Item } from "./items.js";
import { jsonLine } from "./json-line.js";
import { addModelOptions, type ModelFlags } from "./painting-options.js";
import { textTable } from "./text-table.js";
import { withClip } from "./with-clip.js";
import type { Host } from "./host.js";

/** Adds `similarity` to the program.
 * @param run what happens when the command is given */
export function addSimilarityCommand(
  program: Command,
  run: (items: readonly string[], flags: ModelFlags) => Promise<void>,
): void {
  const command = program
    .command("similarity")
    .description("compare pictures and captions: the cosines between their CLIP embeddings")
    .argument("<first>", "a picture if there is such a file, otherwise a caption")
    .argument("<second>", "the same")
    .argument("[more...]", "the same");
  addModelOptions(command).action((first: string, second: string, more: string[], flags: ModelFlags) =>
    run([first, second, ...more], flags),
  );
}

/** Prints the matrix of cosines, from -1 to 1. */
export async function similarity(
  words: readonly string[],
  flags: ModelFlags,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const items: Item[] = [];
  for (const word of words) items.push(await itemOf(word));
  const { model, cosines } = await withClip(flags, host, signal, async (clip) => {
    const embeddings = concatRows(await embedItems(clip, items, host, signal));
    return { model: clip.model, cosines: matrixOf(cosineSimilarity(embeddings, embeddings).data as Float32Array) };
  });
  if (flags.json === true) {
    host.stdout.write(jsonLine({ model, items: items.map(nameOf), cosines }));
    return;
  }
  const head = ["", "", "", ...items.map((_, i) => String(i + 1))];
  const rows = items.map((item, i) => [
    String(i + 1),
    ...("caption" in item ? ["caption", item.caption] : ["picture", item.file]),
    ...cosines[i]!.map((cosine) => cosine.toFixed(4)),
  ]);
  const lines = textTable([head, ...rows], (column) => column === 0 || column > 2);
  host.stdout.write(`${lines.join("\n")}\n`);
}

/** The rows of a square matrix. */
function matrixOf(values: Float32Array): number[][] {
  const n = Math.sqrt(values.length);
  return Array.from({ length: n }, (_, i) => Array.from(values.subarray(i * n, (i + 1) * n)));
}
