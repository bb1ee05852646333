import { UnclipError, type AnalyticTable } from "unclip";
import { quotePath } from "./quote-path.js";
import { readFileBytes } from "./read-file.js";

/** A table with where it comes from, as its file keeps it. */
export interface PriorTableFile extends AnalyticTable {
  /** The model that it was estimated for. */
  readonly model: string;
  /** Sampling steps that it is for. */
  readonly steps: number;
  /** Where the clean image embeddings come from: pictures, or samples of the prior itself. */
  readonly data: "pictures" | "samples";
  /** How many examples it was estimated from. */
  readonly examples: number;
}

/** The largest file that is read: a thousand steps take some 50 kB. */
const MOST_BYTES = 2 ** 20;

/** Reads the table of a file that `unclip analytic` wrote.
 * @throws UnclipError "input" if there is no such file, or it holds something else */
export async function readPriorTable(path: string): Promise<AnalyticTable> {
  const cure = "unclip analytic writes one";
  const bytes = await readFileBytes(path, { mostBytes: MOST_BYTES, cure, setting: "priorTable" });
  const { timesteps, gamma } = parse(bytes.toString("utf8"));
  if (isNumbers(timesteps) && isNumbers(gamma) && timesteps.length === gamma.length) return { timesteps, gamma };
  const expected = "timesteps and gamma, as many of each";
  throw new UnclipError("input", `priorTable: ${quotePath(path)} holds no table (${expected}); ${cure}`);
}

function parse(text: string): Partial<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => Number.isFinite(item));
}
