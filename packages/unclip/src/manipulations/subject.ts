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
import { demand } from "../features.js";
import type { LoadedModel, Workplace } from "../operation.js";
import type { StageStep } from "../timeline.js";

/** What a recipe keeps of a picture: all that a manipulation needs of it. */
export interface StoredPicture {
  /** Its CLIP image embedding z_i, [1, D], as `textFromTensor` writes it. */
  readonly imageEmbedding: string;
  /** Its pixels at the decoder's size, [1, 3, S, S] in [-1, 1], likewise, of a decoder of pixels. */
  readonly pixels?: string;
  /** Its latents at the size of the pictures, [1, C, h, w], of a decoder of latents; absent where they are not needed. */
  readonly latents?: string;
}

/** A picture, or what a recipe kept of one. */
export type PictureSource = Picture | StoredPicture;

/** What CLIP saw in pictures, and the pictures as the decoder would have painted them. */
export interface SeenPictures {
  /** z_i, [N, D]. */
  readonly imageEmbedding: Tensor;
  /** Clean samples of the decoder's space, where they were asked for or cost nothing. */
  readonly x0?: Tensor;
  readonly stored: readonly StoredPicture[];
}

/** Options of {@link look}. */
export interface LookOptions {
  /** The clean samples are needed, for an inversion. An autoencoder takes its time for them; pixels are always there. */
  readonly x0?: boolean;
}

/** Throws unless every picture can be one, and the model can look at them.
 * @throws UnclipError "input" */
export function checkPictures(pictures: unknown, loaded: LoadedModel): readonly PictureSource[] {
  const { model, stages } = loaded;
  if (!Array.isArray(pictures) || pictures.length === 0) {
    throw new UnclipError("input", "picture: expected one or more, got none");
  }
  for (const picture of pictures as readonly PictureSource[]) {
    if (isStored(picture)) readStored(picture, stages, stages.decoder.space.kind === "pixels");
    else checkPicture("picture", picture);
  }
  if (!pictures.every(isStored)) demand(loaded, "imageEncoder", model);
  return pictures as PictureSource[];
}

/** Whether something is what a recipe kept of a picture. */
function isStored(picture: unknown): picture is StoredPicture {
  return typeof picture === "object" && picture !== null && "imageEmbedding" in picture;
}

/** Looks at pictures: their embeddings by CLIP, their clean samples in the decoder's space.
 * @returns after yielding its steps, both, and what a recipe keeps of each */
export async function* look(
  { stages, timeline }: Workplace,
  pictures: readonly PictureSource[],
  options: LookOptions = {},
): AsyncGenerator<StageStep, SeenPictures> {
  const { space } = stages.decoder;
  const needsX0 = options.x0 === true || space.kind === "pixels";
  const seen = yield* timeline.run({
    name: "clip",
    work: () =>
      Promise.all(
        pictures.map(async (picture) => {
          if (isStored(picture)) return readStored(picture, stages, needsX0);
          const imageEmbedding = await stages.imageEncoder!.embed([picture]);
          return { imageEmbedding, ...(needsX0 && { x0: await space.encode(shrink(picture, stages)) }) };
        }),
      ),
  });
  const x0 = seen.flatMap((one) => one.x0 ?? []);
  return {
    imageEmbedding: concatRows(seen.map(({ imageEmbedding }) => imageEmbedding)),
    ...(x0.length > 0 && { x0: concatRows(x0) }),
    stored: seen.map((one) => ({
      imageEmbedding: textFromTensor(one.imageEmbedding),
      ...(one.x0 && { [space.kind]: textFromTensor(one.x0) }),
    })),
  };
}

/** A picture's pixels at the size of the decoder's pictures. */
export function shrink(picture: Picture, { decoder, pictureStart }: LoadedModel["stages"]): Tensor {
  const { width, height } = decoder.space.size;
  return pixelsFromPicture(resizePicture(picture, width, height, { reduce: pictureStart !== undefined }));
}

/** @throws UnclipError "input" if a recipe kept another thing of the picture than this needs */
function readStored(stored: StoredPicture, { decoder }: LoadedModel["stages"], needsX0 = false) {
  const { embeddingWidth, space } = decoder;
  const text = stored[space.kind];
  const imageEmbedding = tensorFromText(stored.imageEmbedding, [1, embeddingWidth], "picture.imageEmbedding");
  if (text === undefined && !needsX0) return { imageEmbedding };
  return { imageEmbedding, x0: tensorFromText(text, space.shape(1), `picture.${space.kind}`) };
}
