import { readFile } from "node:fs/promises";
import { UnclipError, type AnalyticTable } from "unclip";

/** A table with where it comes from, as its file keeps it. */
export interface PriorTableFile extends AnalyticTable {
  /** The model that it was estimated for. */
  readonly model: string;
  /** Steps of the walk that it is for. */
  readonly steps: number;
  /** What stood for clean image embeddings: pictures, or samples of the prior itself. */
  readonly data: "pictures" | "samples";
  /** How many. */
  readonly examples: number;
}

/** Reads the table of a file that `unclip analytic` wrote.
 * @throws UnclipError "input" if there is no such file, or it holds something else */
export async function readPriorTable(path: string): Promise<AnalyticTable> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new UnclipError("input", `priorTable: ${path} cannot be read; unclip analytic writes one`, { cause });
  });
  const { timesteps, gamma } = parse(text);
  if (isNumbers(timesteps) && isNumbers(gamma) && timesteps.length === gamma.length) return { timesteps, gamma };
  throw new UnclipError(
    "input",
    `priorTable: ${path} holds no table (timesteps and gamma, as many of each); unclip analytic writes one`,
  );
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
