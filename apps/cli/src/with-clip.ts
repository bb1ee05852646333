import type { Clip } from "unclip";
import { loadModel } from "./load-model.js";
import { sourceSettings, type ModelFlags } from "./painting-options.js";
import type { Host } from "./host.js";

/** Loads CLIP, uses it, and gives its memory back.
 * @param signal stops the loading */
export async function withClip<T>(
  flags: ModelFlags,
  host: Host,
  signal: AbortSignal,
  use: (clip: Clip) => Promise<T>,
): Promise<T> {
  const clip = await loadModel(host, (listeners) =>
    host.engine.loadClip(flags.model, { ...sourceSettings(flags), signal, ...listeners }),
  );
  try {
    const result = await use(clip);
    signal.throwIfAborted();
    return result;
  } finally {
    await clip.dispose();
  }
}
