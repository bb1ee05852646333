import { repeatRows, UnclipError, type Picture } from "@unclip/tensor";
import { conditionsOf, repeatConditions } from "../conditions.js";
import { checkCaption, checkKeys, checkRange, fillRequest } from "../fill-request.js";
import { demand } from "../features.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import type { LoadedModel, Operation } from "../operation.js";
import type { FilledRequest, NegativeSettings, RunOptions } from "../request.js";
import {
  fillInvertible,
  invert,
  INVERTIBLE_KEYS,
  type FilledInvertibleRequest,
  type InvertibleRequest,
} from "./inversion.js";
import { checkPictures, look, type PictureSource } from "./subject.js";

/** A request of `vary`. */
export interface VaryRequest extends Omit<InvertibleRequest, "negative">, NegativeSettings {
  /** What the decoder shall read beside what it sees: one caption for all, or one for each picture; default "", the empty one. */
  caption?: string | readonly string[];
  /** Share of DDPM's noise that DDIM adds on its way back from the pictures' own x_T, from 0 (which paints them again) to 1: more
   * gives stronger variations. Default: x_T is not the pictures' own but random. */
  eta?: number;
}

/** A filled request of `vary`. */
export interface FilledVaryRequest extends FilledRequest {
  readonly pictures: readonly PictureSource[];
  /** Absent where it is empty. */
  readonly caption?: string | readonly string[];
  readonly eta?: number;
  /** Absent where `eta` is. */
  readonly refinements?: number;
}

/** Variations of pictures: the decoder paints what CLIP's image encoder saw in them. Without `eta` from new noise, with random numbers
 * in the order of diffusers' pipelines for image variation; with `eta` from each picture's own x_T.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.1 */
export const vary: Operation<
  VaryRequest & RunOptions & { readonly pictures: readonly (Picture | PictureSource)[] },
  FilledVaryRequest
> = {
  name: "vary",
  fill(request, loaded) {
    checkKeys("vary", request, ["pictures", "caption", "eta", ...INVERTIBLE_KEYS]);
    const { eta } = request;
    const pictures = checkPictures(request.pictures, loaded);
    const subject = { pictures, ...fillCaption(request, loaded, pictures.length) };
    if (eta === undefined) {
      if (request.refinements !== undefined) throw new UnclipError("input", NOTHING_TO_REFINE);
      return { ...subject, ...fillRequest(request, loaded, pictures.length, { negatives: "each" }) };
    }
    checkRange("eta", eta, 0, 1);
    return { ...subject, eta, ...fillInvertible(request, loaded, pictures.length, { eta, negatives: "each" }) };
  },
  async *perform(workplace, filled) {
    const { pictures, caption, eta, n } = filled;
    const isInverted = eta !== undefined;
    const { imageEmbedding, x0, stored } = yield* look(workplace, pictures, { x0: isInverted });
    const captions = caption === undefined ? {} : { captions: [caption].flat() };
    const each = yield* conditionsOf(workplace, filled, { imageEmbedding, ...captions, pictures: pictures.length });
    const xT = isInverted
      ? repeatRows(yield* invert(workplace, x0!, each, filled as FilledInvertibleRequest), n)
      : undefined;
    const images = yield* decodeAndEnlarge(workplace, repeatConditions(each, n), filled, xT && (() => ({ xT })));
    return { images, imageEmbedding: repeatRows(imageEmbedding, n), recorded: { pictures: stored } };
  },
};

const NOTHING_TO_REFINE =
  "refinements: without eta no picture is inverted, so that there is nothing to refine; give eta";

function fillCaption(
  { caption }: VaryRequest,
  loaded: LoadedModel,
  pictures: number,
): Pick<FilledVaryRequest, "caption"> {
  if (caption === undefined) return {};
  demand(loaded, "caption", "caption");
  const captions = [caption].flat();
  for (const one of captions) checkCaption("caption", one);
  if (captions.length === 1 || captions.length === pictures) return { caption };
  throw new UnclipError("input", `caption: expected one, or ${pictures}, one for each picture, got ${captions.length}`);
}
