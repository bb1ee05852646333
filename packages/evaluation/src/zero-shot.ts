import { checkAborted, concatRows, nextTask, rows, valuesOf, type Picture, type Tensor } from "@unclip/tensor";
import { OPENINGS, withArticle } from "./describe.js";
import type { ToyboxCase } from "./toybox-benchmark.js";
import { createScore, type Score } from "./wilson-interval.js";

/** What zero-shot classification needs of a CLIP; that of `unclip` fits. */
export interface ClipEncoders {
  readonly textEncoder: { embed(captions: readonly string[]): Promise<{ readonly textEmbedding: Tensor }> };
  readonly imageEncoder: { embed(pictures: readonly Picture[]): Promise<Tensor> };
}

/** How well CLIP knows the world. */
export interface ZeroShotScores {
  /** Colour and shape together, among all captions of the picture's style: "a red cube", "a red sphere", ... */
  readonly thing: Score;
  /** Style, among the captions of the picture's thing: "a red cube", "a line drawing of a red cube", ... */
  readonly style: Score;
}

/** The words of the world. */
export type Vocabulary = Readonly<Record<"shapes" | "colours", readonly string[]>>;

/** Captions or pictures that CLIP takes at a time. */
const PART = 16;

/** Zero-shot classification of real pictures of one thing: is the right caption the nearest by cosine? Others are left out.
 * @throws UnclipError "aborted" if the signal fires
 * @see Radford et al. 2021 (arXiv:2103.00020) section 3.1.2 */
export async function zeroShotScores(
  { textEncoder, imageEncoder }: ClipEncoders,
  cases: readonly ToyboxCase[],
  { shapes, colours }: Vocabulary,
  signal?: AbortSignal,
): Promise<ZeroShotScores> {
  const singles = cases.filter(({ claim }) => claim.things.length === 1);
  if (singles.length === 0) return { thing: createScore(0, 0), style: createScore(0, 0) };
  const labels = Object.entries(OPENINGS).flatMap(([style, opening]) =>
    colours.flatMap((colour) =>
      shapes.map((shape) => ({
        style,
        thing: `${colour} ${shape}`,
        caption: `${opening}${withArticle(colour)} ${shape}`,
      })),
    ),
  );
  const captions = labels.map(({ caption }) => caption);
  const embedText = async (part: readonly string[]) => (await textEncoder.embed(part)).textEmbedding;
  const texts = directionsOf(await embedInParts(captions, embedText, signal));
  const pictures = directionsOf(
    await embedInParts(
      singles.map(({ picture }) => picture),
      (part) => imageEncoder.embed(part),
      signal,
    ),
  );
  const right = { thing: 0, style: 0 };
  singles.forEach(({ claim }, i) => {
    const truth = { style: claim.style, thing: `${claim.things[0]!.colour} ${claim.things[0]!.shape}` };
    const cosines = texts.map((text) => text.reduce((sum, value, k) => sum + value * pictures[i]![k]!, 0));
    const nearest = (among: "thing" | "style") =>
      labels
        .map((label, k) => ({ ...label, cosine: cosines[k]! }))
        .filter((label) => label[among] === truth[among])
        .reduce((best, label) => (label.cosine > best.cosine ? label : best));
    right.thing += Number(nearest("style").thing === truth.thing);
    right.style += Number(nearest("thing").style === truth.style);
  });
  return { thing: createScore(right.thing, singles.length), style: createScore(right.style, singles.length) };
}

/** Embeds items some at a time, so that a stop is heeded. */
export async function embedInParts<T>(
  items: readonly T[],
  embed: (part: readonly T[]) => Promise<Tensor>,
  signal: AbortSignal | undefined,
): Promise<Tensor> {
  const parts: Tensor[] = [];
  for (let start = 0; start < items.length; start += PART) {
    await nextTask();
    checkAborted(signal, "zero-shot");
    parts.push(await embed(items.slice(start, start + PART)));
  }
  return concatRows(parts);
}

/** The rows of embeddings [N, D], each of length 1. */
function directionsOf(embeddings: Tensor): Float64Array[] {
  return Array.from({ length: embeddings.dims[0]! }, (_, row) => {
    const values = Float64Array.from(valuesOf(rows(embeddings, row, row + 1)));
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  });
}
