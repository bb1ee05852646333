import {
  concatRows,
  normalise,
  repeatRows,
  rows,
  slerp,
  UnclipError,
  valuesOf,
  zip,
  type Picture,
  type Tensor,
} from "@unclip/tensor";
import { conditionsOf } from "../conditions.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import { checkCaption, checkKeys, checkRange, checkWhole } from "../fill-request.js";
import { demand } from "../features.js";
import type { Operation } from "../operation.js";
import type { RunOptions } from "../request.js";
import {
  fillInvertible,
  invert,
  INVERTIBLE_KEYS,
  sameNoise,
  sharedNoise,
  type FilledInvertibleRequest,
  type InvertibleRequest,
} from "./inversion.js";
import { checkPictures, look, type PictureSource } from "./subject.js";

/** A request of `edit`. */
export interface EditRequest extends Omit<InvertibleRequest, "n"> {
  /** What the picture shall become. */
  to: string;
  /** What it shows; default "", the empty caption. */
  from?: string;
  /** θ of the last frame, from 0 (nothing changes) to 1; default 0.3. The paper takes 0.25 to 0.5. */
  strength?: number;
  /** Whether the decoder reads the captions besides the embedding, if it can: `from` for the inversion and for θ = 0, `to` for the rest.
   * Default false, as in the paper. It changes more at small strengths, where more of the picture is kept. */
  captions?: boolean;
  /** Pictures on the way from θ = 0 to `strength`; default 1, the last one alone. */
  frames?: number;
}

/** A filled request of `edit`. */
export interface FilledEditRequest extends FilledInvertibleRequest {
  readonly picture: PictureSource;
  readonly from: string;
  readonly to: string;
  readonly strength: number;
  readonly captions: boolean;
  readonly frames: number;
}

/** A text diff: the picture's embedding is turned towards the difference of two captions, and its own noise keeps the scene.
 * z_θ = slerp(z_i, z_d, θ), where z_d = normalise(z_t - z_t0) is the direction from one caption to the other.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.3 */
export const edit: Operation<
  EditRequest & RunOptions & { readonly picture: Picture | PictureSource },
  FilledEditRequest
> = {
  name: "edit",
  fill(request, loaded) {
    checkKeys("edit", request, ["picture", "from", "to", "strength", "captions", "frames", ...INVERTIBLE_KEYS]);
    const { from = "", to, strength = 0.3, captions = false, frames = 1, ...rest } = request;
    const [picture] = checkPictures([request.picture], loaded) as [PictureSource];
    demand(loaded, "textEncoder", "edit");
    checkCaption("from", from);
    checkCaption("to", to);
    if (from.trim().toLowerCase() === to.trim().toLowerCase()) {
      throw new UnclipError(
        "input",
        `to: says the same as from ("${to}"), so that there is no direction to go; change one`,
      );
    }
    checkRange("strength", strength, 0, 1);
    checkWhole("frames", frames, 64);
    if (typeof captions !== "boolean") {
      throw new UnclipError("input", `captions: expected true or false, got ${String(captions)}`);
    }
    return { picture, from, to, strength, captions, frames, ...fillInvertible({ ...rest, n: 1 }, loaded, frames) };
  },
  async *perform(workplace, filled) {
    const { stages, timeline } = workplace;
    const { picture, from, to, strength, captions, frames } = filled;
    const { imageEmbedding: seen, x0, stored } = yield* look(workplace, [picture], { x0: true });
    const text = yield* timeline.run({ name: "captions", work: () => stages.textEncoder!.embed([from, to]) });
    const thetas = Array.from({ length: frames }, (_, i) => (frames === 1 ? strength : (strength * i) / (frames - 1)));
    const imageEmbedding = turned(seen, textDiff(text.textEmbedding), thetas);
    const shared = { ...workplace, random: sharedNoise(workplace.random) };
    const random = sameNoise(shared.random);
    const own = yield* conditionsOf(workplace, filled, {
      imageEmbedding: seen,
      pictures: 1,
      random,
      ...(captions && { captions: [from] }),
    });
    const xT = repeatRows(yield* invert(workplace, x0!, own, filled), frames);
    const conditions = yield* conditionsOf(workplace, filled, {
      imageEmbedding,
      pictures: frames,
      random,
      ...(captions && { captions: thetas.map((theta) => (theta === 0 ? from : to)) }),
    });
    const images = yield* decodeAndEnlarge(shared, conditions, filled, () => ({ xT }));
    return { images, imageEmbedding, recorded: { picture: stored[0] } };
  },
};

/** z_d: the direction from the first row to the second, [1, D]. */
function textDiff(textEmbedding: Tensor): Tensor {
  return normalise(zip(rows(textEmbedding, 1, 2), rows(textEmbedding, 0, 1), (to, from) => to - from));
}

/** z turned towards a direction by each share of the angle between them; its length stays.
 * @param direction of length 1, [1, D] */
function turned(z: Tensor, direction: Tensor, thetas: readonly number[]): Tensor {
  const length = Math.hypot(...valuesOf(z));
  const goal = zip(direction, direction, (value) => value * length);
  return concatRows(thetas.map((theta) => slerp(z, goal, theta)));
}
