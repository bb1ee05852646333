import {
  checkPicture,
  concatRows,
  pixelsFromPicture,
  resizePicture,
  tensorFromText,
  textFromTensor,
  UnclipError,
  type Picture,
  type Tensor,
} from "@unclip/tensor";
import type { LoadedModel, Workplace } from "../operation.js";
import type { StageStep } from "../timeline.js";

/** What a recipe keeps of a picture: all that a manipulation needs of it. */
export interface StoredPicture {
  /** Its CLIP image embedding z_i, [1, D], as `textFromTensor` writes it. */
  readonly imageEmbedding: string;
  /** Its pixels at the decoder's size, [1, 3, S, S] in [-1, 1], likewise; absent where they are not needed. */
  readonly pixels?: string;
}

/** A picture, or what a recipe kept of one. */
export type PictureSource = Picture | StoredPicture;

/** What CLIP saw in pictures, and their pixels at the decoder's size. */
export interface SeenPictures {
  /** z_i, [N, D]. */
  readonly imageEmbedding: Tensor;
  /** [N, 3, S, S] in [-1, 1]. */
  readonly pixels: Tensor;
  readonly stored: readonly StoredPicture[];
}

/** Throws unless every picture can be one, and the model can look at them.
 * @throws UnclipError "input" */
export function checkPictures(pictures: unknown, { model, stages }: LoadedModel): readonly PictureSource[] {
  if (!Array.isArray(pictures) || pictures.length === 0) {
    throw new UnclipError("input", "picture: expected one or more, got none");
  }
  for (const picture of pictures as readonly PictureSource[]) {
    if (isStored(picture)) readStored(picture, stages);
    else checkPicture("picture", picture);
  }
  if (stages.imageEncoder !== undefined || pictures.every(isStored)) return pictures as PictureSource[];
  throw new UnclipError(
    "input",
    `${model}: has no image_encoder, which has to see the picture; take a model for image variation`,
  );
}

/** Whether something is what a recipe kept of a picture. */
export function isStored(picture: unknown): picture is StoredPicture {
  return typeof picture === "object" && picture !== null && "imageEmbedding" in picture;
}

/** Looks at pictures: their embeddings by CLIP, their pixels at the decoder's size.
 * @returns after yielding its steps, both, and what a recipe keeps of each */
export async function* look(
  { stages, timeline }: Workplace,
  pictures: readonly PictureSource[],
): AsyncGenerator<StageStep, SeenPictures> {
  const seen = yield* timeline.run({
    name: "clip",
    work: () =>
      Promise.all(
        pictures.map(async (picture) => {
          if (isStored(picture)) return readStored(picture, stages);
          return { imageEmbedding: await stages.imageEncoder!.embed([picture]), pixels: shrink(picture, stages) };
        }),
      ),
  });
  return {
    imageEmbedding: concatRows(seen.map(({ imageEmbedding }) => imageEmbedding)),
    pixels: concatRows(seen.map(({ pixels }) => pixels)),
    stored: seen.map(({ imageEmbedding, pixels }) => ({
      imageEmbedding: textFromTensor(imageEmbedding),
      pixels: textFromTensor(pixels),
    })),
  };
}

/** A picture's pixels at the decoder's size. */
export function shrink(picture: Picture, { decoder }: LoadedModel["stages"]): Tensor {
  const [, , height, width] = decoder.space.shape(1) as [number, number, number, number];
  return pixelsFromPicture(resizePicture(picture, width, height));
}

function readStored({ imageEmbedding, pixels }: StoredPicture, { decoder }: LoadedModel["stages"]) {
  return {
    imageEmbedding: tensorFromText(imageEmbedding, [1, decoder.embeddingWidth], "picture.imageEmbedding"),
    pixels: tensorFromText(pixels, decoder.space.shape(1), "picture.pixels"),
  };
}
