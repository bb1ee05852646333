import { UnclipError, weightedMean } from "@unclip/tensor";
import { repeatRows } from "@unclip/tensor";
import { conditionsOf, repeatConditions } from "../conditions.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import { checkKeys, fillRequest, PAINT_KEYS } from "../fill-request.js";
import type { Operation } from "../operation.js";
import { fillPriorFor, type FilledPrior } from "../prior-request.js";
import type { FilledRequest, GenerateRequest, PaintRequest, RunOptions } from "../request.js";
import { checkItems, embedItems, embedItemsInOrder, hasCaption, type Item, type ItemSource } from "./items.js";

/** A request of `mix`. */
export interface MixRequest extends PaintRequest, Pick<GenerateRequest, "prior"> {
  /** How much each item counts, on any scale; default all the same. */
  weights?: readonly number[];
}

/** A filled request of `mix`. */
export interface FilledMixRequest extends FilledRequest {
  readonly items: readonly ItemSource[];
  readonly weights: readonly number[];
  /** Absent where nothing needs one and the model has none. */
  readonly prior?: FilledPrior;
}

/** Pictures of several things at once: the decoder paints the weighted mean of their image embeddings, from random noise. With one item
 * it is a variation.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.2, here for any number of items */
export const mix: Operation<
  MixRequest & RunOptions & { readonly items: readonly (Item | ItemSource)[] },
  FilledMixRequest
> = {
  name: "mix",
  fill(request, loaded) {
    checkKeys("mix", request, ["items", "weights", "prior", ...PAINT_KEYS]);
    const items = checkItems(request.items, 1, loaded);
    const { weights = items.map(() => 1) } = request;
    if (!Array.isArray(weights) || weights.length !== items.length || !weights.every(Number.isFinite)) {
      throw new UnclipError(
        "input",
        `weights: expected ${items.length} numbers, one for each item, got ${String(weights)}`,
      );
    }
    if (Math.abs(weights.reduce((sum, weight) => sum + weight, 0)) < 1e-6) {
      throw new UnclipError("input", `weights: ${weights.join(", ")} sum to 0, so that nothing is left; raise one`);
    }
    const prior = fillPriorFor(hasCaption(items), request.prior, loaded);
    return { items, weights, ...(prior && { prior }), ...fillRequest(request, loaded, 1) };
  },
  async *perform(workplace, filled) {
    const { items, weights, n } = filled;
    const isInOrder = workplace.stages.priorNegative === "embedding";
    const {
      imageEmbedding: each,
      stored,
      ...away
    } = isInOrder ? yield* embedItemsInOrder(workplace, items, filled) : yield* embedItems(workplace, items, filled);
    const mixed = weightedMean(each, weights);
    const one = yield* conditionsOf(workplace, filled, { ...away, imageEmbedding: mixed, pictures: 1 });
    const images = yield* decodeAndEnlarge(workplace, repeatConditions(one, n), filled);
    return { images, imageEmbedding: repeatRows(mixed, n), recorded: { items: stored } };
  },
};
