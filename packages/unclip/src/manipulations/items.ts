import {
  concatRows,
  createRandom,
  rows,
  tensorFromText,
  textFromTensor,
  UnclipError,
  type Picture,
  type Tensor,
} from "@unclip/tensor";
import { checkCaption } from "../fill-request.js";
import { drawAsPrior, embedCaptions, type EmbeddedCaptions, type FilledPrior } from "../prior-request.js";
import type { LoadedModel, Workplace } from "../operation.js";
import type { FilledRequest } from "../request.js";
import type { StageStep } from "../timeline.js";
import { checkPictures, look, type LookOptions, type PictureSource, type StoredPicture } from "./subject.js";

/** A picture or a caption: either has an image embedding, the caption's by the prior. */
export type Item = Picture | string;

/** What a recipe keeps of a caption: the image embedding that the prior gave it, [1, D]. */
interface StoredCaption {
  readonly caption: string;
  readonly imageEmbedding: string;
}

/** An item, or what a recipe kept of it. */
export type ItemSource = PictureSource | StoredCaption | string;

/** The image embeddings of items. */
export interface SeenItems {
  /** z_i, [N, D]. */
  readonly imageEmbedding: Tensor;
  /** Of the items that are pictures, each as a clean sample x_0 of the decoder's space, where it was asked for or costs nothing. */
  readonly x0: readonly (Tensor | undefined)[];
  readonly stored: readonly (StoredPicture | StoredCaption | string)[];
}

/** Throws unless there are at least `least` items, all of which the model can embed.
 * @throws UnclipError "input" */
export function checkItems(items: unknown, least: number, loaded: LoadedModel): readonly ItemSource[] {
  if (!Array.isArray(items) || items.length < least) {
    const got = Array.isArray(items) ? items.length : "nothing of the kind";
    throw new UnclipError("input", `items: expected at least ${least} pictures or captions, got ${got}`);
  }
  for (const item of items as readonly ItemSource[]) {
    if (typeof item === "string") checkCaption("caption", item);
    else if (!isStoredCaption(item)) checkPictures([item], loaded);
  }
  return items as ItemSource[];
}

/** Whether some item is a caption that the prior has yet to embed. */
export function hasCaption(items: readonly ItemSource[]): boolean {
  return items.some((item) => typeof item === "string");
}

function isStoredCaption(item: ItemSource): item is StoredCaption {
  return typeof item === "object" && "caption" in item;
}

/** Embeds items: pictures by CLIP, captions by the prior. The prior has a stream of its own, begun from the seed: a recipe keeps what it
 * gave, and what is drawn after it must not depend on whether it ran. */
export async function* embedItems(
  workplace: Workplace,
  items: readonly ItemSource[],
  filled: Pick<FilledRequest, "seed" | "negative"> & LookOptions & { readonly prior?: FilledPrior },
): AsyncGenerator<StageStep, SeenItems> {
  const width = workplace.stages.decoder.embeddingWidth;
  const pictures = items.filter((item): item is PictureSource => typeof item !== "string" && !isStoredCaption(item));
  const captions = items.filter((item) => typeof item === "string");
  const seen = pictures.length === 0 ? undefined : yield* look(workplace, pictures, filled);
  const captionEmbeddings = captions.length === 0 ? undefined : yield* embedItemCaptions(workplace, captions, filled);
  let [picture, caption] = [0, 0];
  const embedded = items.map((item) => {
    if (typeof item === "string") {
      const imageEmbedding = rows(captionEmbeddings!, caption, ++caption);
      return { imageEmbedding, stored: { caption: item, imageEmbedding: textFromTensor(imageEmbedding) } };
    }
    if (isStoredCaption(item)) {
      return { imageEmbedding: tensorFromText(item.imageEmbedding, [1, width], "items.imageEmbedding"), stored: item };
    }
    const stored = seen!.stored[picture]!;
    const x0 = seen!.x0 && rows(seen!.x0, picture, picture + 1);
    return { imageEmbedding: rows(seen!.imageEmbedding, picture, ++picture), x0, stored };
  });
  return {
    imageEmbedding: concatRows(embedded.map(({ imageEmbedding }) => imageEmbedding)),
    x0: embedded.map((one) => ("x0" in one ? one.x0 : undefined)),
    stored: embedded.map(({ stored }) => stored),
  };
}

/** Embeds items one after another, with the workplace's own random numbers, as the reference's pipeline for mixing does: then comes the
 * negative caption, or, where there is none, what would be drawn for the empty one. A recipe keeps captions as they are, and embeds them again.
 * @returns also the negative caption's embedding, [1, D] */
export async function* embedItemsInOrder(
  workplace: Workplace,
  items: readonly ItemSource[],
  { prior, negative }: Pick<FilledRequest, "negative"> & { readonly prior?: FilledPrior },
): AsyncGenerator<StageStep, SeenItems & { readonly negativeEmbedding?: Tensor }> {
  const embed = async function* (caption: string): AsyncGenerator<StageStep, Tensor> {
    return withEmbedding(yield* embedCaptions(workplace, [caption], { prior: prior!, negative: "" }));
  };
  const embedded: SeenItems[] = [];
  for (const item of items) {
    if (typeof item === "string") {
      embedded.push({ imageEmbedding: yield* embed(item), x0: [undefined], stored: [item] });
    } else {
      embedded.push(yield* embedItems(workplace, [item], { negative: "" }));
    }
  }
  const [away] = [negative].flat() as [string];
  if (away === "" && prior !== undefined) await drawAsPrior(workplace, prior);
  return {
    imageEmbedding: concatRows(embedded.map(({ imageEmbedding }) => imageEmbedding)),
    x0: embedded.flatMap(({ x0 }) => x0),
    stored: embedded.flatMap(({ stored }) => stored),
    ...(away !== "" && prior !== undefined && { negativeEmbedding: yield* embed(away) }),
  };
}

function withEmbedding({ imageEmbedding }: EmbeddedCaptions): Tensor {
  if (imageEmbedding !== undefined) return imageEmbedding;
  throw new UnclipError("input", "prior.kind: this one gives a caption no image embedding; choose another");
}

async function* embedItemCaptions(
  workplace: Workplace,
  captions: readonly string[],
  { prior, negative, seed }: Pick<FilledRequest, "seed" | "negative"> & { readonly prior?: FilledPrior },
): AsyncGenerator<StageStep, Tensor> {
  const away = workplace.stages.priorNegative === "embedding" ? "" : negative; // it is embedded by itself
  const options = { prior: prior!, negative: away };
  return withEmbedding(yield* embedCaptions(ownStream(workplace, seed), captions, options));
}

function ownStream(workplace: Workplace, seed: number | string | undefined): Workplace {
  return seed === undefined ? workplace : { ...workplace, random: createRandom(BigInt(seed)) };
}
