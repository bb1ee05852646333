import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Picture } from "unclip";
import { checkPictureFile, readPictureFile } from "./read-picture.js";

/** What CLIP looks at: a picture from a file, or a caption. */
export type Item = { readonly file: string } | { readonly caption: string };

/** How messages and JSON name an item. */
export function nameOf(item: Item): { picture: string } | { text: string } {
  return "caption" in item ? { text: item.caption } : { picture: item.file };
}

const PICTURE_NAME = /\.(png|jpe?g|webp|gif|avif|tiff?)$/i;

/** A picture if there is such a file; also where only the name says picture, so that a mistake in it is reported.
 * @param folder what a path is relative to; default the current folder
 * @throws UnclipError "input" if the file is no picture that can be read */
export async function itemOf(word: string, folder = ""): Promise<Item> {
  const path = folder === "" ? word : resolve(folder, word);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile && !PICTURE_NAME.test(word)) return { caption: word };
  await checkPictureFile(path);
  return { file: path };
}

/** The pictures and captions behind words, as the library takes them.
 * @throws UnclipError "input" if a file is no picture that can be read */
export async function readItems(items: readonly Item[]): Promise<(Picture | string)[]> {
  const read: (Picture | string)[] = [];
  for (const item of items) read.push("caption" in item ? item.caption : await readPictureFile(item.file));
  return read;
}
