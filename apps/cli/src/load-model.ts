import type { LoadOptions } from "unclip";
import { createProgress, elapsed } from "./progress.js";
import type { Host } from "./host.js";

/** What the library calls while it loads. */
export type LoadListeners = Required<Pick<LoadOptions, "onDownload" | "onQuantize">>;

/** Loads something; a download shows its progress in megabytes, and quantising in its steps, with words about how long it takes and took.
 * @param load is given what the library calls */
export async function loadModel<T>(host: Host, load: (listeners: LoadListeners) => Promise<T>): Promise<T> {
  const progress = createProgress(host);
  let quantizingSince: number | undefined;
  const inMegabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  try {
    const loaded = await load({
      onDownload({ loaded, total }) {
        void progress.show({ stage: "download", step: inMegabytes(loaded), steps: inMegabytes(total), unit: "MB" });
      },
      onQuantize(step) {
        if (quantizingSince === undefined) {
          progress.finish();
          host.stderr.write("int8 is made once for each model: in minutes for a small one, in hours for a large one\n");
          quantizingSince = host.now();
        }
        void progress.show(step);
      },
    });
    progress.finish();
    if (quantizingSince !== undefined)
      host.stderr.write(`int8 was made in ${elapsed(host.now() - quantizingSince)}, and is kept for the next time\n`);
    return loaded;
  } finally {
    progress.stop();
  }
}
