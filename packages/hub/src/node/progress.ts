import type { HubProgress } from "../options.js";
import type { HubFile } from "../repository.js";

/** Reports what has arrived of one file. */
export type ReportProgress = (file: HubFile, fileLoaded: number, status: HubProgress["status"]) => void;

/** Reports come at most so often while nothing but the number of bytes changes. */
const INTERVAL_MS = 100;

/** One bar over several files.
 * @param cached the files that are in the cache already: they count as loaded */
export function createProgress(
  files: readonly HubFile[],
  cached: ReadonlySet<HubFile>,
  onProgress: (progress: HubProgress) => void = () => undefined,
): ReportProgress {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const loaded = new Map(files.map((file) => [file, cached.has(file) ? file.sizeBytes : 0]));
  const statuses = new Map<HubFile, HubProgress["status"]>();
  let lastMs = 0;
  return (file, fileLoaded, status) => {
    loaded.set(file, fileLoaded);
    const changed = statuses.get(file) !== status;
    if (!changed && performance.now() - lastMs < INTERVAL_MS) return;
    statuses.set(file, status);
    lastMs = performance.now();
    const sum = [...loaded.values()].reduce((a, b) => a + b, 0);
    onProgress({ file: file.path, loaded: sum, total, fileLoaded, fileTotal: file.sizeBytes, status });
  };
}
