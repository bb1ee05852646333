import { readPngTexts, UnclipError, type Recipe } from "unclip/worker";

/** The part of a link in which a recipe stands. */
const KEY = "#recipe=";

/** A link to this page that holds a recipe: JSON, deflated, in the letters that addresses may have. Nothing after "#" is sent to a server. */
export async function linkOf(recipe: Recipe, page: string): Promise<string> {
  const deflated = await through(
    new CompressionStream("deflate-raw"),
    new TextEncoder().encode(JSON.stringify(recipe)),
  );
  const letters = btoa(Array.from(deflated, (byte) => String.fromCharCode(byte)).join(""));
  return page.split("#")[0]! + KEY + letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The recipe in a link; undefined if it holds none.
 * @throws UnclipError "input" if it is damaged */
export async function recipeOfLink(link: string): Promise<Recipe | undefined> {
  const at = link.indexOf(KEY);
  if (at < 0) return undefined;
  try {
    const letters = link
      .slice(at + KEY.length)
      .replaceAll("-", "+")
      .replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    return recipeOfText(new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes)));
  } catch (cause) {
    throw new UnclipError("input", "link: its recipe cannot be read; was the end of it cut off?", { cause });
  }
}

/** The recipe in a PNG file that this page or the command line app wrote.
 * @throws UnclipError "input" if it holds none */
export function recipeOfPng(bytes: Uint8Array, name: string): Recipe {
  const { unclip } = readPngTexts(bytes, name);
  if (unclip !== undefined) return recipeOfText(unclip);
  throw new UnclipError("input", `${name}: this PNG holds no recipe; drop one that was downloaded here`);
}

/** The texts that a PNG file carries, as the command line app writes them.
 * @param picture its number from 1 */
export function textsOf(recipe: Recipe, picture: number): Record<string, string> {
  return { unclip: JSON.stringify({ ...recipe, shows: { picture } }) };
}

function recipeOfText(text: string): Recipe {
  const { shows: _shows, ...recipe } = JSON.parse(text) as Recipe & { shows?: unknown };
  if (typeof recipe.operation === "string" && typeof recipe.model === "string") return recipe;
  throw new UnclipError("input", "recipe: has no operation and model; another program wrote it");
}

async function through(transform: CompressionStream | DecompressionStream, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
