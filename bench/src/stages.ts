import { emptyPast, readPriorConfig } from "@unclip/prior";
import {
  createRandom,
  filled,
  map,
  splitChannels,
  tensor,
  valuesOf,
  withoutPadding,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import type { Feeds } from "@unclip/runtime/node";
import { readAutoencoderConfig } from "@unclip/autoencoder";
import { readKandinskyConfig } from "@unclip/decoder";
import { latentSide, TEXT_LENGTH } from "./networks.js";

type Json = Readonly<Record<string, unknown>>;
/** What both sides are given, float32 by name. */
export type Inputs = Readonly<Record<string, Tensor>>;

/** One step of one stage: a forward computation of a network on given inputs. */
export interface Stage {
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  /** Folder of the network. */
  readonly component: string;
  /** Output that the two sides compare. */
  readonly output: string;
  /** Random inputs, the same at each call. */
  readonly inputs: (config: Json) => Inputs;
  /** What our network takes for those inputs. */
  readonly feeds: (inputs: Inputs, config: Json) => Feeds;
  /** What of the outputs of a first run is fed to later ones, which are measured: [output, input]. */
  readonly carry?: readonly [string, string];
}

const GUIDED = 2; // rows of a guided step: without the condition, and with it
const WORDS = 12; // tokens of the caption that count
const IMAGE_TOKENS = 4; // what Karlo's decoder attends to before the caption's

const random = (dims: readonly number[], seed: number) => createRandom(seed).normal(dims);
const timestep = () => filled([1], 500);

/** Row 0 is the empty caption, row 1 a short one. */
const mask = (before: number) => {
  const row = (words: number) => Array.from({ length: before + TEXT_LENGTH }, (_, i) => (i < before + words ? 1 : 0));
  return tensor(Float32Array.from([...row(2), ...row(WORDS)]), [GUIDED, before + TEXT_LENGTH]);
};

/** The prior computes the caption's tokens in the first step only. */
const PRIOR: Omit<Stage, "name" | "title"> = {
  component: "prior",
  output: "prediction",
  inputs: ({ embedding_dim: width }) => ({
    xt: random([GUIDED, width as number], 1),
    t: timestep(),
    textEmbedding: random([GUIDED, width as number], 2),
    textStates: random([GUIDED, TEXT_LENGTH, width as number], 3),
    textMask: mask(0),
  }),
  feeds: (inputs, config) => ({
    ...inputs,
    ...withoutPadding(inputs as unknown as TextFeatures),
    past: emptyPast(readPriorConfig(config, "prior"), GUIDED),
  }),
};

/** The stages of a caption's way to a picture with Karlo, in their order. */
const KARLO: readonly Stage[] = [
  {
    name: "text",
    title: "CLIP text, two captions",
    component: "text_encoder",
    output: "textEmbedding",
    inputs: ({ vocab_size: size }) => {
      const last = (size as number) - 1;
      const ids = [2, WORDS].flatMap((words) =>
        Array.from({ length: TEXT_LENGTH }, (_, i) => (i === 0 ? last - 1 : i < words - 1 ? 256 + i : last)),
      );
      return { ids: tensor(Float32Array.from(ids), [GUIDED, TEXT_LENGTH]) };
    },
    feeds: ({ ids }) => ({
      ids: new OrtTensor("int32", Int32Array.from(valuesOf(ids!)), ids!.dims),
      endOfText: map(tensor(Float32Array.from(valuesOf(ids!).keys()), [GUIDED, 1, TEXT_LENGTH]), (i) =>
        i === 1 || i === TEXT_LENGTH + WORDS - 1 ? 1 : 0,
      ),
    }),
  },
  { ...PRIOR, name: "prior-first", title: "prior, first guided step" },
  { ...PRIOR, name: "prior", title: "prior, further guided step", carry: ["present", "past"] },
  {
    name: "decoder",
    title: "decoder, guided step",
    component: "decoder",
    output: "prediction",
    inputs: ({ sample_size: size, block_out_channels: channels, cross_attention_dim: width }) => ({
      xt: random([GUIDED, 3, size as number, size as number], 1),
      t: timestep(),
      timeCondition: random([GUIDED, (channels as number[])[0]! * 4], 2),
      context: random([GUIDED, IMAGE_TOKENS + TEXT_LENGTH, width as number], 3),
      contextMask: mask(IMAGE_TOKENS),
    }),
    feeds({ context, contextMask, ...inputs }) {
      const tokens = IMAGE_TOKENS + WORDS; // without the padding
      const [counting] = splitChannels(contextMask!, tokens);
      const bias = valuesOf(counting).map((value) => (value - 1) * 10000);
      const contextBias = tensor(bias, [GUIDED, 1, 1, tokens]);
      return { ...inputs, context: splitChannels(context!, tokens)[0], contextBias };
    },
  },
  {
    name: "upsampler",
    title: "super-resolution step",
    component: "super_res_first",
    output: "prediction",
    inputs: ({ sample_size: size }) => ({ xt: random([1, 6, size as number, size as number], 1), t: timestep() }),
    feeds: (inputs) => inputs,
  },
];

/** Those of Stable unCLIP that take time: its decoder in each step, its autoencoder once. */
const STABLE_UNCLIP: readonly Stage[] = [
  {
    name: "unet",
    title: "Stable unCLIP's decoder, guided step",
    component: "unet",
    output: "prediction",
    inputs: ({ sample_size: size, cross_attention_dim: width, projection_class_embeddings_input_dim: condition }) => ({
      xt: random([GUIDED, 4, size as number, size as number], 1),
      t: timestep(),
      imageCondition: random([GUIDED, condition as number], 2),
      textStates: random([GUIDED, TEXT_LENGTH, width as number], 3),
    }),
    feeds: (inputs) => inputs,
  },
  {
    name: "vae",
    title: "autoencoder, one picture decoded",
    component: "vae",
    output: "pixels",
    inputs(config) {
      const side = latentSide(config, readAutoencoderConfig(config, "vae"));
      return { latents: random([1, 4, side, side], 1) };
    },
    feeds: (inputs) => inputs,
  },
];

/** Those of Kandinsky that take time: its decoder in each step, its autoencoder once. */
const KANDINSKY: readonly Stage[] = [
  {
    name: "kandinsky-unet",
    title: "Kandinsky's decoder, guided step",
    component: "unet",
    output: "prediction",
    inputs(json) {
      const {
        version,
        sampleSize: side,
        latentChannels,
        embeddingWidth,
        textWidth,
      } = readKandinskyConfig(json, "unet");
      return {
        xt: random([GUIDED, latentChannels, side, side], 1),
        t: timestep(),
        imageEmbedding: random([GUIDED, embeddingWidth], 2),
        ...(version === "2.1" && {
          textEmbedding: random([GUIDED, embeddingWidth], 3),
          textStates: random([GUIDED, TEXT_LENGTH, textWidth!], 4),
        }),
      };
    },
    feeds: (inputs) => inputs,
  },
  {
    name: "movq",
    title: "MoVQ, one picture decoded",
    component: "movq",
    output: "pixels",
    inputs(config) {
      const side = latentSide(config, readAutoencoderConfig(config, "movq"));
      return { latents: random([1, 4, side, side], 1) };
    },
    feeds: (inputs) => inputs,
  },
];

/** The stages that are measured. */
export const STAGES: readonly Stage[] = [...KARLO, ...STABLE_UNCLIP, ...KANDINSKY];

/** The stages of a model folder, by the pipeline that its model_index.json names. */
export function stagesOf(className: unknown): readonly Stage[] {
  if (String(className).startsWith("Kandinsky")) return KANDINSKY;
  return className === "StableUnCLIPImg2ImgPipeline" ? STABLE_UNCLIP : KARLO;
}

/** The stage of a name.
 * @throws Error if there is none */
export function stageNamed(name: string): Stage {
  const stage = STAGES.find((candidate) => candidate.name === name);
  if (stage === undefined)
    throw new Error(`stage: expected one of ${STAGES.map((s) => s.name).join(", ")}, got ${name}`);
  return stage;
}
