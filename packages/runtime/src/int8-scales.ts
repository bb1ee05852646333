import type { WeightEntry } from "@unclip/graph";
import { quote, UnclipError } from "@unclip/tensor";
import type { ModelFolder } from "./model-folder.js";

/** The scales of an int8 layer, beside its "weight". */
const SCALES = ["weight_scale", "input_scale", "output_scale"];

/** Refuses int8 layers whose scales are no positive numbers: they would give pictures of nothing, without a word. Scales that lie side by side,
 * as `unclip quantize` writes them, are read at once.
 * @throws UnclipError "weights" */
export async function checkScales(
  folder: ModelFolder,
  path: string,
  entries: ReadonlyMap<string, WeightEntry>,
): Promise<void> {
  const layers = [...entries].filter(([key, { type }]) => type === "I8" && key.endsWith("weight"));
  const scales = layers
    .flatMap(([key]) => SCALES.map((name) => key.replace(/weight$/, name)))
    .flatMap((key) => (entries.get(key)?.type === "F32" ? [{ key, entry: entries.get(key)! }] : []))
    .sort((a, b) => a.entry.offset - b.entry.offset);
  for (const run of adjoining(scales)) {
    const [first, last] = [run[0]!.entry, run.at(-1)!.entry];
    const bytes = await folder.bytes(path, first.offset, last.offset + last.sizeBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { key, entry } of run) {
      const scale = findBad(view, entry.offset - first.offset, entry.sizeBytes);
      if (scale === undefined) continue;
      throw new UnclipError(
        "weights",
        `${folder.name}/${path}: ${quote(key)}: expected positive numbers, got ${scale}; quantise the model again, or copy the file again`,
      );
    }
  }
}

function findBad(view: DataView, start: number, sizeBytes: number): number | undefined {
  for (let at = start; at < start + sizeBytes; at += 4) {
    const scale = view.getFloat32(at, true);
    if (!(scale > 0 && scale < Infinity)) return scale;
  }
  return undefined;
}

/** Tensors in groups that lie side by side. */
function adjoining<Part extends { readonly entry: WeightEntry }>(parts: readonly Part[]): Part[][] {
  const runs: Part[][] = [];
  for (const part of parts) {
    const before = runs.at(-1)?.at(-1)?.entry;
    if (before !== undefined && before.offset + before.sizeBytes === part.entry.offset) runs.at(-1)!.push(part);
    else runs.push([part]);
  }
  return runs;
}
