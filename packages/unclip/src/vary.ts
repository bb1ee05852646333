import { checkPicture, repeatRows, tensorFromText, textFromTensor, UnclipError, type Picture } from "@unclip/tensor";
import { checkKeys, fillRequest, PAINT_KEYS } from "./fill-request.js";
import type { LoadedModel, Operation } from "./operation.js";
import { decodeAndEnlarge } from "./decode-and-enlarge.js";
import type { FilledRequest, PaintRequest, RunOptions } from "./request.js";

/** A request of `vary`. */
export interface VaryRequest extends PaintRequest, RunOptions {
  readonly pictures?: readonly Picture[];
  /** In place of pictures: their CLIP image embeddings, as a recipe holds them. */
  readonly imageEmbedding?: string;
}

/** A filled request of `vary`. */
export interface FilledVaryRequest extends FilledRequest {
  readonly pictures?: readonly Picture[];
  readonly imageEmbedding?: string;
}

/** Variations of pictures: the decoder paints what CLIP's image encoder saw in them, without a caption and from new noise. Random numbers
 * are drawn in the order of diffusers' UnCLIPImageVariationPipeline.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 3.1, here with a random x_T instead of the inverted one */
export const vary: Operation<VaryRequest, FilledVaryRequest> = {
  name: "vary",
  fill(request, loaded) {
    checkKeys("vary", request, ["pictures", "imageEmbedding", ...PAINT_KEYS]);
    const { pictures, imageEmbedding } = request;
    if (imageEmbedding !== undefined) {
      const known = tensorFromText(imageEmbedding, [-1, loaded.stages.decoder.embeddingWidth], "vary.imageEmbedding");
      return { ...fillRequest(request, loaded, known.dims[0]!), imageEmbedding }; // in the order of a first recipe
    }
    return { pictures: checkPictures(pictures, loaded), ...fillRequest(request, loaded, pictures!.length) };
  },
  async *perform(workplace, filled) {
    const { stages, timeline } = workplace;
    const { pictures, imageEmbedding: known, n, negative } = filled;
    const seen = yield* timeline.run({
      name: "clip",
      work: async () =>
        pictures === undefined
          ? tensorFromText(known!, [-1, stages.decoder.embeddingWidth], "vary.imageEmbedding")
          : stages.imageEncoder!.embed(pictures),
    });
    const imageEmbedding = repeatRows(seen, n);
    const conditions = await stages.conditions({ imageEmbedding, pictures: imageEmbedding.dims[0]!, negative });
    const images = yield* decodeAndEnlarge(workplace, conditions, filled);
    return { images, imageEmbedding, recorded: { pictures: undefined, imageEmbedding: textFromTensor(seen) } };
  },
};

function checkPictures(pictures: unknown, { model, stages }: LoadedModel): readonly Picture[] {
  if (!Array.isArray(pictures) || pictures.length === 0) {
    throw new UnclipError("input", "picture: expected one or more, got none");
  }
  for (const picture of pictures) checkPicture("picture", picture as Picture);
  if (stages.imageEncoder !== undefined) return pictures as Picture[];
  throw new UnclipError(
    "input",
    `${model}: has no image_encoder, which variations need; take a model for image variation`,
  );
}
