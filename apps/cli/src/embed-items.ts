import { setImmediate as nextTurn } from "node:timers/promises";
import { quote, type Clip, type Tensor } from "unclip";
import type { Item } from "./items.js";
import { readPictureFile } from "./read-picture.js";
import type { Host } from "./host.js";

/** The embeddings of pictures and captions in their order, [1, D] each, not normalised. Writes a warning about a
 * caption that was cut.
 * @param signal stops between two items */
export async function embedItems(
  clip: Clip,
  items: readonly Item[],
  { stderr }: Host,
  signal: AbortSignal,
): Promise<Tensor[]> {
  const embeddings: Tensor[] = [];
  for (const item of items) {
    await nextTurn(); // networks block the event loop: let a signal through
    signal.throwIfAborted();
    if ("file" in item) {
      embeddings.push(await clip.imageEncoder.embed([await readPictureFile(item.file)])); // one picture in memory at a time
      continue;
    }
    const { textEmbedding, cut } = await clip.textEncoder.embed([item.caption]);
    if (cut[0] !== undefined)
      stderr.write(`warning: the caption is too long, so this was cut off: "${quote(cut[0])}"\n`);
    embeddings.push(textEmbedding);
  }
  return embeddings;
}
