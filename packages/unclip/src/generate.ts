import { UnclipError } from "@unclip/tensor";
import { conditionsOf } from "./conditions.js";
import { decodeAndEnlarge } from "./decode-and-enlarge.js";
import { demand } from "./features.js";
import { checkCaption, checkKeys, fillRequest, PAINT_KEYS } from "./fill-request.js";
import { fillImage, startFromImage, type FilledImage } from "./manipulations/repainting.js";
import type { Operation } from "./operation.js";
import { embedCaptions, fillPrior, type FilledPrior } from "./prior-request.js";
import { fillRerank, keepNearest } from "./rerank-pictures.js";
import type { FilledRequest, GenerateRequest, RunOptions } from "./request.js";

/** A filled request of `generate`. */
export interface FilledGenerateRequest extends FilledRequest, FilledImage {
  readonly captions: readonly string[];
  readonly prior: FilledPrior;
  /** Absent where all pictures are kept as they come. */
  readonly rerank?: number;
}

/** Captions to pictures: text encoder, prior, decoder, upsamplers. Random numbers are drawn in the order of the reference's pipeline.
 * With a picture to begin with, it is noised and denoised again as the caption says; with a mask, its white area alone.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2 */
export const generate: Operation<
  GenerateRequest & RunOptions & { readonly captions: readonly string[] },
  FilledGenerateRequest
> = {
  name: "generate",
  fill(request, loaded) {
    checkKeys("generate", request, ["captions", "prior", "image", "strength", "mask", "rerank", ...PAINT_KEYS]);
    const captions = checkCaptions(request.captions);
    if (request.image === undefined) demand(loaded, "generate", "image");
    return {
      captions,
      prior: fillPrior(request.prior, loaded),
      ...fillImage(request, loaded),
      ...fillRequest(request, loaded, captions.length, { negatives: "each" }),
      ...fillRerank(request, loaded, captions.length),
    };
  },
  async *perform(workplace, filled) {
    const { stages, random } = workplace;
    const { captions, n, rerank } = filled;
    const each = rerank ?? n;
    const pictures = captions.length * each;
    const embedded = yield* embedCaptions(workplace, captions, { ...filled, n: each });
    const { imageEmbedding } = embedded;
    const conditions = yield* conditionsOf(workplace, filled, { ...embedded, captions, pictures });
    const from = await startFromImage(filled, { stages, pictures, random });
    const place = from?.decoder ? { ...workplace, stages: { ...stages, decoder: from.decoder } } : workplace;
    const painted = {
      images: yield* decodeAndEnlarge(place, conditions, filled, from?.startOf),
      ...(imageEmbedding && { imageEmbedding }),
    };
    const kept = rerank === undefined ? painted : yield* keepNearest(workplace, painted, captions, n);
    return { ...kept, ...(from && { recorded: from.recorded }) };
  },
};

function checkCaptions(captions: unknown): readonly string[] {
  if (!Array.isArray(captions)) {
    throw new UnclipError("input", "caption: expected a text or a list of them, got nothing of the kind");
  }
  if (captions.length === 0) throw new UnclipError("input", "caption: expected one or more, got none");
  for (const caption of captions) checkCaption("caption", caption);
  return captions as string[];
}
