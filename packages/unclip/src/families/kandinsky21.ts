import { loadMultilingualTextEncoder } from "@unclip/clip";
import { repeatText, sliceText } from "@unclip/tensor";
import { cutWarnings } from "../cut-warnings.js";
import { rememberLast } from "../remember-last.js";
import type { Family } from "./family.js";
import { loadKandinsky } from "./kandinsky.js";

/** Kandinsky 2.1: a prior over CLIP ViT-L, and a decoder of latents that sees image embeddings and reads captions in a hundred languages.
 * @see Razzhigaev et al. 2023 (arXiv:2310.03502) */
export const kandinsky21: Family = {
  name: "kandinsky-2-1",
  pipelines: [
    "KandinskyPipeline",
    "KandinskyImg2ImgPipeline",
    "KandinskyInpaintPipeline",
    "KandinskyCombinedPipeline",
    "KandinskyImg2ImgCombinedPipeline",
    "KandinskyInpaintCombinedPipeline",
  ],
  priors: ["KandinskyPriorPipeline"],
  async load(opening) {
    const loaded = await loadMultilingualTextEncoder(opening.folder, opening.runtime);
    const textEncoder = rememberLast(loaded);
    const textLength = loaded.tokenizer.contextLength;
    return loadKandinsky(opening, {
      version: "2.1",
      priors: kandinsky21.priors!,
      textLength,
      async textOf({ captions = [""], negatives, pictures }) {
        const encoded = await textEncoder.embed([...captions, ...negatives]);
        const text = sliceText(encoded, 0, captions.length);
        const away = sliceText(encoded, captions.length, captions.length + negatives.length);
        return {
          condition: { text: repeatText(text, pictures / captions.length) },
          negative: { text: negatives.length === 1 ? away : repeatText(away, pictures / negatives.length) },
          warnings: cutWarnings(encoded.cut, textLength),
        };
      },
      lacks: {},
    });
  },
};
