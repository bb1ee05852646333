import { concatRows, rows, sizeOf, slerp, tensor, UnclipError, valuesOf, type Tensor } from "@unclip/tensor";
import { conditionsOf } from "../conditions.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import { checkKeys, checkWhole } from "../fill-request.js";
import type { Operation } from "../operation.js";
import { fillPriorFor, type FilledPrior } from "../prior-request.js";
import type { GenerateRequest, RunOptions } from "../request.js";
import {
  fillInvertible,
  invert,
  INVERTIBLE_KEYS,
  sameNoise,
  sharedNoise,
  type FilledInvertibleRequest,
  type InvertibleRequest,
} from "./inversion.js";
import { checkItems, embedItems, hasCaption, type Item, type ItemSource } from "./items.js";

/** A request of `interpolate`. */
export interface InterpolateRequest extends Omit<InvertibleRequest, "n">, Pick<GenerateRequest, "prior"> {
  /** Pictures from the first item to the last, both included, 2 or more; default 9. */
  frames?: number;
  /** The noise that frames begin with: "inverted" goes from one picture's own x_T to the next one's, so that the frames at the items are
   * these pictures painted again; "fixed" is one random x_T for all. Default "inverted" where all items are pictures. */
  noise?: "inverted" | "fixed";
}

/** A filled request of `interpolate`. */
export interface FilledInterpolateRequest extends FilledInvertibleRequest {
  readonly items: readonly ItemSource[];
  readonly frames: number;
  readonly noise: "inverted" | "fixed";
  /** Absent where nothing needs one and the model has none. */
  readonly prior?: FilledPrior;
}

const NOISES: readonly unknown[] = ["inverted", "fixed"];

/** From one picture or caption to the next, and so on: image embeddings on the arc between both, and noise likewise or fixed.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.2 */
export const interpolate: Operation<
  InterpolateRequest & RunOptions & { readonly items: readonly (Item | ItemSource)[] },
  FilledInterpolateRequest
> = {
  name: "interpolate",
  fill(request, loaded) {
    checkKeys("interpolate", request, ["items", "frames", "noise", "prior", ...INVERTIBLE_KEYS]);
    const items = checkItems(request.items, 2, loaded);
    const arePictures = items.every((item) => typeof item === "object" && !("caption" in item));
    const { frames = 9, noise = arePictures ? "inverted" : "fixed", prior, ...rest } = request;
    checkWhole("frames", frames, 64);
    if (frames < 2) throw new UnclipError("input", `frames: expected 2 or more, the ends among them, got ${frames}`);
    if (!NOISES.includes(noise))
      throw new UnclipError("input", `noise: expected inverted or fixed, got ${String(noise)}`);
    if (noise === "inverted" && !arePictures) {
      throw new UnclipError("input", "noise: a caption has no noise to be inverted; choose fixed");
    }
    const filledPrior = fillPriorFor(hasCaption(items), prior, loaded);
    return {
      items,
      frames,
      noise,
      ...(filledPrior && { prior: filledPrior }),
      ...fillInvertible({ ...rest, n: 1 }, loaded, frames),
    };
  },
  async *perform(workplace, filled) {
    const { stages } = workplace;
    const { items, frames, noise } = filled;
    const isInverted = noise === "inverted";
    const { imageEmbedding: ends, x0, stored } = yield* embedItems(workplace, items, { ...filled, x0: isInverted });
    const places = Array.from({ length: frames }, (_, i) => (i / (frames - 1)) * (items.length - 1));
    const imageEmbedding = along(ends, places);
    const shared = { ...workplace, random: sharedNoise(workplace.random) };
    const random = sameNoise(shared.random);
    const conditions = yield* conditionsOf(workplace, filled, { imageEmbedding, pictures: frames, random });
    let xT: Tensor;
    if (isInverted) {
      const own = yield* conditionsOf(workplace, filled, { imageEmbedding: ends, pictures: items.length, random });
      xT = along(yield* invert(workplace, concatRows(x0.map((one) => one!)), own, filled), places);
    } else {
      xT = shared.random.normal(stages.decoder.space.shape(frames));
    }
    const images = yield* decodeAndEnlarge(shared, conditions, filled, () => ({ xT }));
    return { images, imageEmbedding, recorded: { items: stored } };
  },
};

/** Rows on the arcs from one row of `x` to the next.
 * @param places 0 is the first row, 1.5 the middle between the second and the third */
function along(x: Tensor, places: readonly number[]): Tensor {
  const [n, ...shape] = x.dims as [number, ...number[]];
  const flat = tensor(valuesOf(x), [n, sizeOf(shape)]);
  const points = places.map((place) => {
    const from = Math.min(Math.floor(place), n - 2);
    return slerp(rows(flat, from, from + 1), rows(flat, from + 1, from + 2), place - from);
  });
  return tensor(valuesOf(concatRows(points)), [places.length, ...shape]);
}
