import { concatRows, cosineSimilarity, rows, UnclipError, valuesOf, type Tensor } from "@unclip/tensor";
import { demand } from "./features.js";
import { checkWhole, MOST_PICTURES } from "./fill-request.js";
import type { LoadedModel, Painted, Workplace } from "./operation.js";
import type { StageStep } from "./timeline.js";

/** Fills in how many pictures are painted for those that are kept.
 * @param captions how many
 * @throws UnclipError "input" if they are fewer than are kept, too many, or the model cannot look at them */
export function fillRerank(
  { rerank, n = 1 }: { readonly rerank?: number; readonly n?: number },
  loaded: LoadedModel,
  captions: number,
): { readonly rerank?: number } {
  if (rerank === undefined) return {};
  checkWhole("rerank", rerank, Math.floor(MOST_PICTURES / captions));
  if (rerank < n) {
    throw new UnclipError("input", `rerank: expected ${n} or more, of which ${n} are kept, got ${rerank}`);
  }
  demand(loaded, "textEncoder", "rerank");
  demand(loaded, "imageEncoder", "rerank");
  return { rerank };
}

/** Of each caption's pictures, those that CLIP sees nearest to it, the nearest first.
 * @param painted the same number of pictures for each caption, in a row
 * @param n how many are kept of each caption's
 * @returns after yielding its steps, what is kept */
export async function* keepNearest(
  { stages, timeline }: Workplace,
  { images, imageEmbedding }: Pick<Painted, "images" | "imageEmbedding">,
  captions: readonly string[],
  n: number,
): AsyncGenerator<StageStep, Pick<Painted, "images" | "imageEmbedding" | "similarities">> {
  const similarities = yield* timeline.run({
    name: "rerank",
    work: async () => {
      const { textEmbedding } = await stages.textEncoder!.embed(captions);
      const seen = await stages.imageEncoder!.embed(images);
      return likenessOf(seen, textEmbedding);
    },
  });
  const each = images.length / captions.length;
  const kept = captions.flatMap((_, caption) => {
    const own = Array.from({ length: each }, (_, i) => caption * each + i);
    return own.sort((a, b) => similarities[b]! - similarities[a]!).slice(0, n); // of equals the first stays first
  });
  return {
    images: kept.map((i) => images[i]!),
    ...(imageEmbedding && { imageEmbedding: concatRows(kept.map((i) => rows(imageEmbedding, i, i + 1))) }),
    similarities: kept.map((i) => similarities[i]!),
  };
}

/** The cosine of each picture to its own caption. */
function likenessOf(seen: Tensor, textEmbedding: Tensor): number[] {
  const [pictures, captions] = [seen.dims[0]!, textEmbedding.dims[0]!];
  const cosines = valuesOf(cosineSimilarity(seen, textEmbedding)); // [pictures, captions]
  const each = pictures / captions;
  return Array.from({ length: pictures }, (_, i) => cosines[i * captions + Math.floor(i / each)]!);
}
