import { encodePng, type Picture, type Recipe } from "unclip/worker";
import { textsOf } from "./recipe-text.js";

/** Saves a picture as a PNG file with its recipe inside.
 * @param index its number among the recipe's pictures, from 1 */
export async function download(picture: Picture, recipe: Recipe, index: number): Promise<void> {
  const bytes = await encodePng(picture, textsOf(recipe, index));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/png" }));
  link.download = `unclip-${String(recipe.seed ?? "")}-${index}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
