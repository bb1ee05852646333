import { quote, UnclipError } from "@unclip/tensor";
import type { WeightEntry } from "./weight-entry.js";

/** A weight of a checkpoint: where it lies, and in which file. */
export interface Weight extends WeightEntry {
  /** Path of its file, relative to the model folder. */
  readonly file: string;
}

/** The weights of one network by name, possibly from several files. */
export interface Checkpoint {
  /** What messages call it, for example "decoder". */
  readonly name: string;
  readonly weights: ReadonlyMap<string, Weight>;
  /** Makes up a weight that is not among them: with it, a network tells what a checkpoint for it has to hold. */
  readonly plan?: (key: string, dims: readonly number[]) => Weight;
}

/** A checkpoint from the headers of its files.
 * @throws UnclipError "weights" if two files hold the same name */
export function createCheckpoint(
  name: string,
  files: ReadonlyMap<string, ReadonlyMap<string, WeightEntry>>,
): Checkpoint {
  const weights = new Map<string, Weight>();
  for (const [file, entries] of files) {
    for (const [key, entry] of entries) {
      const other = weights.get(key);
      if (other !== undefined) {
        throw new UnclipError(
          "weights",
          `${name}: ${quote(key)} is in both ${other.file} and ${file}; keep one of the files`,
        );
      }
      weights.set(key, { ...entry, file });
    }
  }
  return { name, weights };
}

/** Refuses a checkpoint that has another number of parts, "scope.0.", "scope.1." and so on, than its config says.
 * @throws UnclipError "weights" */
export function checkParts({ name, weights, plan }: Checkpoint, scope: string, count: number): void {
  if (plan !== undefined) return; // it makes up whatever is asked for
  const start = scope.length + 1;
  const keys = [...weights.keys()].filter((key) => key.startsWith(`${scope}.`));
  const found = new Set(keys.map((key) => key.slice(start, key.indexOf(".", start)))).size;
  if (found === count) return;
  throw new UnclipError(
    "weights",
    `${name}: the weights do not fit config.json: it wants ${count} of ${scope}, they have ${found}; are both files from the same model?`,
  );
}

/** How the weights that a network wants differ from those it is given. */
export interface WeightDifferences {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  /** Names with both shapes, for example "conv_in.weight: expected [8, 3, 3, 3], got [8, 6, 3, 3]". */
  readonly misshaped: readonly string[];
}

/** Throws UnclipError "weights" with the list of differences, if there are any. */
export function checkDifferences(name: string, { missing, extra, misshaped }: WeightDifferences): void {
  if (missing.length + extra.length + misshaped.length === 0) return;
  const list = (title: string, items: readonly string[]) => {
    const shown = items
      .slice(0, 12)
      .map((item) => quote(item))
      .join(", ");
    const rest = items.length > 12 ? ` and ${items.length - 12} more` : "";
    return items.length === 0 ? [] : [`${items.length} ${title}: ${shown}${rest}`];
  };
  const differences = [...list("missing", missing), ...list("extra", extra), ...list("wrongly shaped", misshaped)];
  throw new UnclipError(
    "weights",
    `${name}: the weights do not fit config.json (${differences.join("; ")}); are both files from the same model?`,
  );
}
