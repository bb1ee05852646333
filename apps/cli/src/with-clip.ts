import type { Clip } from "unclip";
import { loadModel } from "./load-model.js";
import { sourceSettings, type ModelFlags } from "./painting-options.js";
import type { World } from "./world.js";

/** Loads CLIP, uses it, and gives its memory back.
 * @param signal stops the loading */
export async function withClip<T>(
  flags: ModelFlags,
  world: World,
  signal: AbortSignal,
  use: (clip: Clip) => Promise<T>,
): Promise<T> {
  const clip = await loadModel(world, (onDownload) =>
    world.engine.loadClip(flags.model, { ...sourceSettings(flags), signal, onDownload }),
  );
  try {
    const result = await use(clip);
    signal.throwIfAborted();
    return result;
  } finally {
    await clip.dispose();
  }
}
