import { loadImageEncoder, loadTextEncoder } from "@unclip/clip";
import { loadKarloDecoder } from "@unclip/decoder";
import { hasAutoregressivePrior, loadAutoregressivePrior, loadDiffusionPrior } from "@unclip/prior";
import { loadUpsampler } from "@unclip/upsampler";
import type { Lacks } from "../features.js";
import type { ModelIndex } from "../model-index.js";
import { rememberLast } from "../remember-last.js";
import type { Stages } from "../stages.js";
import { checkFit, textLinks, type Link } from "./check-fit.js";
import type { Family } from "./family.js";
import { readCaptions } from "./read-captions.js";

/** Karlo and models of its layout: one text encoder for prior and decoder, pixels all the way, upsamplers.
 *
 * diffusers knows one upsampler: super_res_first, super_res_last, super_res_scheduler. Further ones, which enlarge its result,
 * are super_res_2_first, super_res_2_last (may be left out), super_res_2_scheduler, and so on. */
export const karlo: Family = {
  name: "karlo",
  pipelines: ["UnCLIPPipeline", "UnCLIPImageVariationPipeline"],
  async load({ folder, runtime, index: { components }, priorModel, openOther }) {
    const other =
      priorModel === undefined ? undefined : await openOther(priorModel, () => ["prior", "prior_scheduler"]);
    const textEncoder = rememberLast(await loadTextEncoder(folder, runtime));
    const { textLength: length, width } = textEncoder.config;
    const parts = {
      textEncoder,
      ...(components.has("image_encoder") && { imageEncoder: await loadImageEncoder(folder, runtime) }),
      ...((other ?? components.has("prior")) && { prior: await loadDiffusionPrior(other?.folder ?? folder, runtime) }),
      ...((await hasAutoregressivePrior(folder)) && {
        autoregressivePrior: await loadAutoregressivePrior(folder, runtime),
      }),
      decoder: await loadKarloDecoder(folder, runtime, { text: { length, width } }),
      upsamplers: await Promise.all(upsamplersOf(components).map((names) => loadUpsampler(folder, runtime, names))),
    };
    checkFit(folder.name, linksOf(parts));
    const stages: Stages = {
      ...parts,
      async conditions(subject) {
        const { imageEmbedding } = subject;
        const { text, away, warnings } = await readCaptions(textEncoder, subject, length);
        return { condition: { ...(imageEmbedding && { imageEmbedding }), text }, negative: { text: away }, warnings };
      },
    };
    return { stages, lacks: lacksOf(parts), ...(other && { priorModel: other.name }) };
  },
};

type Parts = Omit<Stages, "conditions">;

function lacksOf({ imageEncoder, prior, autoregressivePrior, upsamplers }: Parts): Lacks {
  return {
    ...(imageEncoder === undefined && {
      imageEncoder: "has no image_encoder, which has to see the picture; take a model for image variation",
    }),
    ...(prior === undefined && {
      prior: 'this model has no diffusion prior; choose "text-embedding" or "none"',
    }),
    ...(autoregressivePrior === undefined && {
      autoregressivePrior: 'this model has no autoregressive prior; choose "diffusion" or "none"',
    }),
    ...(upsamplers.length === 0 && { upsamplers: "this model has no upsamplers" }),
    depth: "this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
    size: "this model paints pictures of one size; leave width and height out",
    noiseLevel: "this model takes image embeddings as they are, without noise; leave it out",
  };
}

/** The folders of each upsampler. */
function upsamplersOf(components: ModelIndex["components"]) {
  const found: { first: string; last: string | null; scheduler: string }[] = [];
  for (;;) {
    const prefix = found.length === 0 ? "super_res" : `super_res_${found.length + 1}`;
    if (!components.has(`${prefix}_first`)) return found;
    const last = components.has(`${prefix}_last`) ? `${prefix}_last` : null;
    found.push({ first: `${prefix}_first`, last, scheduler: `${prefix}_scheduler` });
  }
}

/** What each stage gives the next one. */
function linksOf({ textEncoder, imageEncoder, prior, decoder: { embeddingWidth } }: Parts): readonly Link[] {
  const text = textEncoder!.config;
  const [ofPrior, seen] = [prior?.config.embeddingWidth, imageEncoder?.config.embeddingWidth];
  return [
    ...textLinks(text, prior?.config),
    ["the prior gives image embeddings", ofPrior, "wide", "the decoder takes", embeddingWidth],
    ["the image encoder gives image embeddings", seen, "wide", "the decoder takes", embeddingWidth],
    ["the text encoder gives text embeddings", text.embeddingWidth, "wide", "the decoder takes", embeddingWidth],
  ];
}
