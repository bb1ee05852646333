import { loadAutoencoder, type Autoencoder } from "@unclip/autoencoder";
import { loadImageEncoder, loadTextEncoder } from "@unclip/clip";
import {
  latentSpaces,
  loadKandinskyDecoder,
  paintedArea,
  pictureAlphaBar,
  type KandinskyDecoder,
} from "@unclip/decoder";
import { loadDiffusionPrior } from "@unclip/prior";
import { UnclipError, type Tensor } from "@unclip/tensor";
import type { Lacks } from "../features.js";
import type { ModelIndex } from "../model-index.js";
import { rememberLast } from "../remember-last.js";
import type { Conditions, PictureStart, Stages, Subject } from "../stages.js";
import { checkFit, textLinks, type Link } from "./check-fit.js";
import type { FamilyFolder, FamilyModel } from "./family.js";
import { findPrior, type PriorPlace } from "./find-prior.js";
import { createSizes } from "./sizes.js";

/** What the versions of Kandinsky differ in. */
export interface KandinskyVersion {
  readonly version: "2.1" | "2.2";
  /** The pipelines that their priors are saved from. */
  readonly priors: readonly string[];
  /** What the decoder reads of the captions besides their image embeddings. */
  textOf(subject: Subject): Promise<{
    readonly condition: Pick<Conditions["condition"], "text">;
    readonly negative: Pick<Conditions["negative"], "text">;
    readonly warnings?: readonly string[];
  }>;
  readonly lacks: Lacks;
  readonly textLength?: number;
}

/** Opens a decoder's folder and the prior that goes with it. */
export async function loadKandinsky(opening: FamilyFolder, kind: KandinskyVersion): Promise<FamilyModel> {
  const { folder, runtime } = opening;
  const { version, textLength } = kind;
  const decoder = await loadKandinskyDecoder(folder, runtime, { ...(textLength !== undefined && { textLength }) });
  const autoencoder = await loadAutoencoder(folder, runtime, { component: "movq" });
  checkDecoder(decoder, autoencoder, { version, where: folder.name });
  const place = await findPrior(opening, { priors: kind.priors, parts: priorParts });
  const ofPrior = place && (await loadPrior(place, opening, decoder));
  const nothing = ofPrior && embedNothing(ofPrior);
  const spaces = latentSpaces(autoencoder);
  const { factor } = autoencoder.config;
  const step = factor ** 2;
  const side = Math.ceil((decoder.config.sampleSize * factor) / step) * step;
  const sizes = createSizes(step, (size) => decoder.at(spaces(size)));
  const { beside } = decoder.config;
  const stages: Stages = {
    ...ofPrior,
    priorNegative: "embedding",
    decoder: sizes.at({ width: side, height: side }),
    ...(beside !== "nothing" && { beside: { kind: beside, at: (space, seen) => decoder.at(space, seen) } }),
    pictureStart: pictureStart(version, factor),
    upsamplers: [],
    async conditions(subject) {
      const { imageEmbedding, negativeEmbedding } = subject;
      const text = await kind.textOf(subject);
      const away = negativeEmbedding ?? (await nothing?.());
      return {
        condition: { ...(imageEmbedding && { imageEmbedding }), ...text.condition },
        negative: { ...(away && { imageEmbedding: away }), ...text.negative },
        ...(text.warnings && { warnings: text.warnings }),
      };
    },
  };
  const lacks = { ...lacksOf(decoder, place), ...kind.lacks };
  return { stages, lacks, sizes, ...(place?.name !== undefined && { priorModel: place.name }) };
}

/** The folders of a prior's parts, which combined pipelines name otherwise. */
function priorParts({ components }: ModelIndex): string[] {
  const prefix = components.has("prior_prior") ? "prior_" : "";
  return PRIOR_PARTS.map((name) => `${prefix}${name}`);
}

const PRIOR_PARTS = ["prior", "scheduler", "text_encoder", "tokenizer", "image_encoder", "image_processor"] as const;

/** CLIP and the prior, from wherever they lie. */
async function loadPrior({ folder, index }: PriorPlace, { runtime }: FamilyFolder, decoder: KandinskyDecoder) {
  const [component, scheduler, textTower, tokenizer, imageTower, preprocessor] = priorParts(index) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const textEncoder = await loadTextEncoder(folder, runtime, { component: textTower, tokenizer });
  const imageEncoder = await loadImageEncoder(folder, runtime, { component: imageTower, preprocessor });
  const prior = await loadDiffusionPrior(folder, runtime, { component, scheduler });
  const width = prior.config.embeddingWidth;
  const seen = imageEncoder.config.embeddingWidth;
  const links: readonly Link[] = [
    ...textLinks(textEncoder.config, prior.config),
    ["the image encoder gives image embeddings", seen, "wide", "the prior takes", width],
    ["the prior gives image embeddings", width, "wide", "the decoder takes", decoder.embeddingWidth],
  ];
  checkFit(folder.name, links, "is it the prior of this model?");
  return { textEncoder: rememberLast(textEncoder), imageEncoder, prior };
}

/** What guidance leads away from where there is no negative caption, computed once. */
function embedNothing({ imageEncoder }: Required<Pick<Stages, "imageEncoder">>): () => Promise<Tensor> {
  let embedding: Promise<Tensor> | undefined;
  return () => {
    embedding ??= imageEncoder.embedNothing();
    embedding.catch(() => (embedding = undefined)); // the next who asks tries again
    return embedding;
  };
}

function pictureStart(version: KandinskyVersion["version"], factor: number): PictureStart {
  return {
    strength: 0.3,
    painted: (whites) => paintedArea(whites, factor),
    pastes: version === "2.2",
    ...(version === "2.1" && { alphaBar: pictureAlphaBar }),
  };
}

const NO_PRIOR =
  "this folder holds a decoder alone, and no prior was found beside it or named in its README.md; give the prior's folder or id as priorModel (--prior-model)";
const PAINTS_INTO =
  "this model only paints areas of pictures anew; give generate an image and a mask, or take another model";

function lacksOf({ config: { beside } }: KandinskyDecoder, place: PriorPlace | undefined): Lacks {
  const isInpainting = beside === "mask";
  const others = ["generate", "vary", "interpolate", "mix", "edit", "components", "compare"] as const;
  return {
    ...(place === undefined && {
      prior: NO_PRIOR,
      textEncoder: NO_PRIOR,
      imageEncoder: NO_PRIOR,
      textEmbedding: NO_PRIOR,
    }),
    autoregressivePrior: 'this model has no autoregressive prior; choose "diffusion"',
    withoutPrior: 'this decoder always sees an image embedding; choose "diffusion" or "text-embedding"',
    upsamplers: "this model has no upsamplers; ask for larger pictures by width and height",
    noiseLevel: "this model takes image embeddings as they are, without noise; leave it out",
    ...(isInpainting && Object.fromEntries(others.map((name) => [name, PAINTS_INTO]))),
    ...(isInpainting && { image: "this model only paints areas of pictures anew; give a mask as well" }),
    ...(beside !== "depth" && { depth: "this model sees no depth picture; take controlnet-depth of Kandinsky 2.2" }),
  };
}

function checkDecoder(
  { config }: KandinskyDecoder,
  autoencoder: Autoencoder,
  { version, where }: { readonly version: string; readonly where: string },
): void {
  if (config.version !== version) {
    const got = `unet/config.json is that of Kandinsky ${config.version}, model_index.json names a pipeline of ${version}`;
    throw new UnclipError("config", `${where}: ${got}; are they from one model?`);
  }
  const { latentChannels } = autoencoder.config;
  checkFit(where, [["movq gives latents", latentChannels, "channels deep", "unet takes", config.latentChannels]]);
}
