import { conditionsOf } from "../conditions.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import { checkCaption, checkKeys, fillRequest, PAINT_KEYS } from "../fill-request.js";
import { demand } from "../features.js";
import type { Operation } from "../operation.js";
import { embedCaptions, fillPrior, type FilledPrior } from "../prior-request.js";
import { createRandom, type Picture } from "@unclip/tensor";
import type { FilledRequest, GenerateRequest, PaintRequest, RunOptions } from "../request.js";

/** A request of `compare`. */
export interface CompareRequest extends Omit<PaintRequest, "n">, Pick<GenerateRequest, "prior"> {}

/** A filled request of `compare`. */
export interface FilledCompareRequest extends FilledRequest {
  readonly caption: string;
  readonly prior: FilledPrior;
}

/** One caption in the three ways of conditioning that the paper compares, from the same noise: the caption alone; the CLIP text embedding in
 * place of an image embedding; the full stack, with the prior.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 5.1 and figure 8 */
export const compare: Operation<CompareRequest & RunOptions & { readonly caption: string }, FilledCompareRequest> = {
  name: "compare",
  fill(request, loaded) {
    checkKeys("compare", request, ["caption", "prior", ...PAINT_KEYS]);
    const { caption, prior, ...rest } = request;
    checkCaption("caption", caption);
    demand(loaded, "compare", "compare");
    return { caption, prior: fillPrior(prior, loaded), ...fillRequest({ ...rest, n: 1 }, loaded, 3) };
  },
  async *perform(workplace, filled) {
    const { caption, prior, negative, seed } = filled;
    const images: Picture[] = [];
    for (const way of [{ kind: "none" as const }, { kind: "text-embedding" as const }, prior]) {
      const random = seed === undefined ? workplace.random : createRandom(BigInt(seed));
      const alike = { ...workplace, random };
      const settings = "kind" in way ? { steps: 1, guidanceScale: 1, ...way } : way;
      const embedded = yield* embedCaptions(alike, [caption], { prior: settings, negative });
      const shown = { ...embedded, captions: [caption], pictures: 1 };
      const conditions = yield* conditionsOf(alike, filled, shown);
      images.push(...(yield* decodeAndEnlarge(alike, conditions, filled)));
    }
    return { images };
  },
};
