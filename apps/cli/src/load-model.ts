import type { HubProgress } from "unclip";
import { createProgress } from "./progress.js";
import type { Host } from "./host.js";

/** Loads something; a download shows its progress in megabytes.
 * @param load is given what the library calls as bytes arrive */
export async function loadModel<T>(
  host: Host,
  load: (onDownload: (progress: HubProgress) => void) => Promise<T>,
): Promise<T> {
  const progress = createProgress(host);
  const inMegabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  try {
    const loaded = await load(({ loaded, total }) => {
      void progress.show({ stage: "download", step: inMegabytes(loaded), steps: inMegabytes(total), unit: "MB" });
    });
    progress.finish();
    return loaded;
  } finally {
    progress.stop();
  }
}
