import { loadImageEncoder, loadTextEncoder } from "@unclip/clip";
import { loadKarloDecoder } from "@unclip/decoder";
import { hasAutoregressivePrior, loadAutoregressivePrior, loadDiffusionPrior } from "@unclip/prior";
import { repeatText, sliceText, UnclipError } from "@unclip/tensor";
import { loadUpsampler } from "@unclip/upsampler";
import { cutWarnings } from "../cut-warnings.js";
import type { Lacks } from "../features.js";
import type { ModelIndex } from "../model-index.js";
import { rememberLast } from "../remember-last.js";
import type { Stages } from "../stages.js";
import type { Family } from "./family.js";

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
    checkFit(parts, folder.name);
    const stages: Stages = {
      ...parts,
      async conditions({ imageEmbedding, captions = [""], pictures, negatives }) {
        const encoded = await textEncoder.embed([...captions, ...negatives]);
        const [text, away] = [
          sliceText(encoded, 0, captions.length),
          sliceText(encoded, captions.length, captions.length + negatives.length),
        ];
        return {
          condition: {
            ...(imageEmbedding && { imageEmbedding }),
            text: repeatText(text, pictures / captions.length),
          },
          negative: { text: negatives.length === 1 ? away : repeatText(away, pictures / negatives.length) },
          warnings: cutWarnings(encoded.cut, length),
        };
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

/** Throws unless each stage takes what the one before it gives. */
function checkFit({ textEncoder, imageEncoder, prior, decoder }: Parts, where: string): void {
  const { embeddingWidth, width, textLength } = textEncoder!.config;
  const ofPrior = prior?.config;
  const links = [
    ["the text encoder gives text embeddings", embeddingWidth, "the prior takes", ofPrior?.embeddingWidth],
    ["the text encoder gives text states", width, "the prior takes", ofPrior?.embeddingWidth],
    ["the text encoder gives captions", textLength, "the prior takes", ofPrior?.textLength],
    ["the prior gives image embeddings", ofPrior?.embeddingWidth, "the decoder takes", decoder.embeddingWidth],
    [
      "the image encoder gives image embeddings",
      imageEncoder?.config.embeddingWidth,
      "the decoder takes",
      decoder.embeddingWidth,
    ],
    ["the text encoder gives text embeddings", embeddingWidth, "the decoder takes", decoder.embeddingWidth],
  ] as const;
  for (const [giver, given, taker, taken] of links) {
    if (given === undefined || taken === undefined || given === taken) continue;
    throw new UnclipError(
      "config",
      `${where}: ${giver} ${given} wide, ${taker} ${taken}; are the parts from one model?`,
    );
  }
}
