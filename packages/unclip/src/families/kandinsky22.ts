import type { Family } from "./family.js";
import { loadKandinsky } from "./kandinsky.js";

/** Kandinsky 2.2: a prior over CLIP ViT-bigG, and a decoder of latents that sees image embeddings alone.
 * @see Razzhigaev et al. 2023 (arXiv:2310.03502) */
export const kandinsky22: Family = {
  name: "kandinsky-2-2",
  pipelines: [
    "KandinskyV22Pipeline",
    "KandinskyV22Img2ImgPipeline",
    "KandinskyV22InpaintPipeline",
    "KandinskyV22ControlnetPipeline",
    "KandinskyV22ControlnetImg2ImgPipeline",
    "KandinskyV22CombinedPipeline",
    "KandinskyV22Img2ImgCombinedPipeline",
    "KandinskyV22InpaintCombinedPipeline",
  ],
  priors: ["KandinskyV22PriorPipeline", "KandinskyV22PriorEmb2EmbPipeline"],
  load: (opening) =>
    loadKandinsky(opening, {
      version: "2.2",
      priors: kandinsky22.priors!,
      textOf: async () => ({ condition: {}, negative: {} }),
      lacks: {
        caption: "this decoder sees image embeddings alone, not captions; leave it out, or mix picture and caption",
      },
    }),
};
