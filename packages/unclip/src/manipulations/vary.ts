import { repeatRows, UnclipError, type Picture } from "@unclip/tensor";
import { checkKeys, checkRange, fillRequest } from "../fill-request.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import type { Operation } from "../operation.js";
import type { FilledRequest, RunOptions } from "../request.js";
import {
  fillInvertible,
  invert,
  INVERTIBLE_KEYS,
  type FilledInvertibleRequest,
  type InvertibleRequest,
} from "./inversion.js";
import { checkPictures, look, type PictureSource } from "./subject.js";

/** A request of `vary`. */
export interface VaryRequest extends InvertibleRequest {
  /** Share of DDPM's noise that DDIM adds on its way back from the pictures' own x_T, from 0 (which paints them again) to 1: more
   * gives stronger variations. Default: x_T is not the pictures' own but random. */
  eta?: number;
}

/** A filled request of `vary`. */
export interface FilledVaryRequest extends FilledRequest {
  readonly pictures: readonly PictureSource[];
  readonly eta?: number;
  /** Absent where `eta` is. */
  readonly refinements?: number;
}

/** Variations of pictures: the decoder paints what CLIP's image encoder saw in them, without a caption. Without `eta` from new noise,
 * with random numbers in the order of diffusers' UnCLIPImageVariationPipeline; with `eta` from each picture's own x_T.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.1 */
export const vary: Operation<
  VaryRequest & RunOptions & { readonly pictures: readonly (Picture | PictureSource)[] },
  FilledVaryRequest
> = {
  name: "vary",
  fill(request, loaded) {
    checkKeys("vary", request, ["pictures", "eta", ...INVERTIBLE_KEYS]);
    const { eta } = request;
    const pictures = checkPictures(request.pictures, loaded);
    if (eta === undefined) {
      if (request.refinements !== undefined) throw new UnclipError("input", NOTHING_TO_REFINE);
      return { pictures, ...fillRequest(request, loaded, pictures.length) };
    }
    checkRange("eta", eta, 0, 1);
    return { pictures, eta, ...fillInvertible(request, loaded, pictures.length, eta) };
  },
  async *perform(workplace, filled) {
    const { stages } = workplace;
    const { pictures, eta, n, negative } = filled;
    const { imageEmbedding: seen, pixels, stored } = yield* look(workplace, pictures);
    const recorded = { pictures: stored };
    const imageEmbedding = repeatRows(seen, n);
    const conditions = await stages.conditions({ imageEmbedding, pictures: pictures.length * n, negative });
    if (eta === undefined) {
      return { images: yield* decodeAndEnlarge(workplace, conditions, filled), imageEmbedding, recorded };
    }
    const one = await stages.conditions({ imageEmbedding: seen, pictures: pictures.length, negative });
    const xT = repeatRows(yield* invert(workplace, pixels, one, filled as FilledInvertibleRequest), n);
    const images = yield* decodeAndEnlarge(workplace, conditions, filled, () => ({ xT }));
    return { images, imageEmbedding, recorded };
  },
};

const NOTHING_TO_REFINE =
  "refinements: without eta no picture is inverted, so that there is nothing to refine; give eta";
