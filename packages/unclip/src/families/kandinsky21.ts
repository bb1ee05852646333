import { loadMultilingualTextEncoder } from "@unclip/clip";
import { rememberLast } from "../remember-last.js";
import type { Family } from "./family.js";
import { loadKandinsky } from "./kandinsky.js";
import { readCaptions } from "./read-captions.js";

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
      async textOf(subject) {
        const { text, away, warnings } = await readCaptions(textEncoder, subject, textLength);
        return { condition: { text }, negative: { text: away }, warnings };
      },
      lacks: {},
    });
  },
};
