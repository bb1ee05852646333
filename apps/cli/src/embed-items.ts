import { setImmediate as nextTurn } from "node:timers/promises";
import { quote, type Clip, type Picture, type Tensor } from "unclip";
import type { Host } from "./host.js";

/** What CLIP looks at: a picture from a file, or a caption. */
export type Item =
  { readonly file: string; readonly picture: Picture } | { readonly caption: string; readonly picture?: undefined };

/** How messages and JSON name an item. */
export function nameOf(item: Item): { picture: string } | { text: string } {
  return item.picture === undefined ? { text: item.caption } : { picture: item.file };
}

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
    if (item.picture !== undefined) {
      embeddings.push(await clip.imageEncoder.embed([item.picture]));
      continue;
    }
    const { textEmbedding, cut } = await clip.textEncoder.embed([item.caption]);
    if (cut[0] !== undefined)
      stderr.write(`warning: the caption is too long, so this was cut off: "${quote(cut[0])}"\n`);
    embeddings.push(textEmbedding);
  }
  return embeddings;
}
