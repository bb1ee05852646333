import { loadAutoencoder, type Autoencoder } from "@unclip/autoencoder";
import { loadImageEncoder, loadTextEncoder, type TextEncoder } from "@unclip/clip";
import { latentSpaces, loadStableUnclipDecoder, type StableUnclipDecoder } from "@unclip/decoder";
import type { Lacks } from "../features.js";
import { rememberLast } from "../remember-last.js";
import type { Stages } from "../stages.js";
import { checkFit } from "./check-fit.js";
import type { Family } from "./family.js";
import { readCaptions } from "./read-captions.js";
import { loadOwnPrior, loadPriorOf, type PriorParts } from "./prior-parts.js";
import { createSizes } from "./sizes.js";

/** Stable unCLIP 2.1, with ViT-H or ViT-L: a decoder of latents, conditioned on a noised image embedding and on a caption that a text
 * encoder of its own reads. It varies pictures; captions become image embeddings by the prior of another model (Karlo's fits ViT-L), or by that
 * of a folder that holds one, as diffusers' StableUnCLIPPipeline saves it. */
export const stableUnclip: Family = {
  name: "stable-unclip",
  pipelines: ["StableUnCLIPImg2ImgPipeline", "StableUnCLIPPipeline"],
  async load({ folder, runtime, index: { components }, priorModel, openOther }) {
    const textEncoder = await loadTextEncoder(folder, runtime);
    const { textLength } = textEncoder.config;
    const decoder = await loadStableUnclipDecoder(folder, runtime, { textLength });
    const autoencoder = await loadAutoencoder(folder, runtime, { component: "vae" });
    const prior =
      priorModel === undefined
        ? await loadOwnPrior(folder, runtime, components)
        : await loadPriorOf(priorModel, { runtime, openOther, schedulerClass: "DDPMScheduler" }); // as diffusers' examples run it
    const imageEncoder = components.has("image_encoder") ? await loadImageEncoder(folder, runtime) : undefined;
    checkParts({ textEncoder, decoder, autoencoder, prior, imageEncoder }, folder.name);

    const spaces = latentSpaces(autoencoder);
    const { factor } = autoencoder.config;
    const sizes = createSizes(Math.max(SIDE_STEP, factor), (size) => decoder.at(spaces(size)));
    const side = decoder.config.sampleSize * factor;
    const stages: Stages = {
      ...(prior && { prior: prior.prior, textEncoder: rememberLast(prior.textEncoder) }),
      priorNegative: "empty",
      ...(imageEncoder && { imageEncoder }),
      decoder: sizes.at({ width: side, height: side }),
      upsamplers: [],
      async conditions(subject) {
        const { imageEmbedding, noiseLevel: level = 0, random } = subject;
        const { text, away, warnings } = await readCaptions(textEncoder, subject, textLength);
        const noised = imageEmbedding && (await decoder.augment(imageEmbedding, { level, random }));
        return { condition: { ...(noised && { imageEmbedding: noised }), text }, negative: { text: away }, warnings };
      },
    };
    return {
      stages,
      sizes,
      noiseLevels: decoder.levels,
      lacks: lacksOf(stages),
      ...(prior?.model !== undefined && { priorModel: prior.model }),
    };
  },
};

/** The reference takes widths and heights in multiples of it. */
const SIDE_STEP = 8;

function lacksOf({ imageEncoder, prior, decoder: { embeddingWidth } }: Stages): Lacks {
  const cure = priorCure(embeddingWidth);
  const noText = `this model has no text encoder whose embeddings lie beside those of pictures; ${cure}, which brings one`;
  return {
    ...(imageEncoder === undefined && {
      imageEncoder:
        "has no image_encoder, which has to see the picture; take a model for image variation, such as stabilityai/stable-diffusion-2-1-unclip-small",
    }),
    ...(prior === undefined && {
      prior: `this model has no prior; ${cure}, or choose "none", the caption alone`,
      textEncoder: noText,
      textEmbedding: noText,
    }),
    autoregressivePrior: 'this model has no autoregressive prior; choose "diffusion" or "none"',
    upsamplers: "this model has no upsamplers, its decoder paints the whole picture",
    depth: "this model sees no depth picture; take controlnet-depth of Kandinsky 2.2",
  };
}

/** Where a prior comes from that gives embeddings of a width. Karlo's gives those of ViT-L; none is published for ViT-H. */
export function priorCure(width: number): string {
  const example = { 768: ", such as kakaobrain/karlo-v1-alpha", 1024: " (none is published)" }[width] ?? "";
  return `name a model with priorModel (--prior-model) whose prior gives embeddings ${width} wide${example}`;
}

/** The parts of a folder, and of the model that its prior is from. */
interface Parts {
  readonly textEncoder: TextEncoder;
  readonly decoder: StableUnclipDecoder;
  readonly autoencoder: Autoencoder;
  readonly prior: PriorParts | undefined;
  readonly imageEncoder: Stages["imageEncoder"];
}

/** Throws unless each stage takes what the one before it gives. */
function checkParts({ textEncoder, decoder, autoencoder, prior, imageEncoder }: Parts, where: string): void {
  const { embeddingWidth, config } = decoder;
  const [states, { latentChannels }] = [textEncoder.config.width, autoencoder.config];
  const seen = imageEncoder?.config.embeddingWidth;
  checkFit(where, [
    ["the text encoder gives text states", states, "wide", "the decoder takes", config.contextWidth],
    ["the autoencoder gives latents", latentChannels, "channels deep", "the decoder takes", config.inChannels],
    ["the image encoder gives image embeddings", seen, "wide", "the decoder takes", embeddingWidth],
  ]);
  const whose = prior?.model === undefined ? "its prior" : `the prior of ${prior.model}`;
  const width = prior?.prior.config.embeddingWidth;
  checkFit(
    where,
    [[`${whose} gives image embeddings`, width, "wide", "its decoder takes", embeddingWidth]],
    "prior and decoder must be made for the same CLIP",
  );
}
