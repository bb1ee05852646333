import {
  cosineSimilarity,
  type CaptionToken,
  type Picture,
  type StageStep,
  type StepInside,
  type Tensor,
} from "unclip/worker";
import { pictureOf } from "./tensor-picture.js";

/** A step of the prior: the image embedding as it is predicted there. */
export interface PriorMoment {
  readonly t: number;
  /** The predicted z_i, [D]. */
  readonly embedding: Float32Array;
  /** Its cosine to the caption's text embedding z_t. */
  readonly toText: number;
}

/** A step of the decoder or of an upsampler. */
export interface PaintMoment {
  readonly t: number;
  readonly alphaCumprod: number;
  readonly xt: Picture;
  readonly x0: Picture;
  /** x_0 for the condition, for the empty one, and what guidance adds to the first; absent without guidance. */
  readonly guidance?: { readonly cond: Picture; readonly uncond: Picture; readonly added: Picture };
}

/** What was seen of the pipeline at work on one caption. Parts that have not run yet are absent or empty. */
export interface Trace {
  readonly caption: string;
  readonly tokens?: readonly CaptionToken[];
  /** z_t, [1, D]. */
  readonly textEmbedding?: Tensor;
  readonly prior: readonly PriorMoment[];
  readonly decoder: readonly PaintMoment[];
  /** One for each upsampler that has begun. */
  readonly upsamplers: readonly (readonly PaintMoment[])[];
  /** The last picture. */
  readonly picture?: Picture;
}

/** A trace in which nothing has run yet. */
export function emptyTrace(caption: string): Trace {
  return { caption, prior: [], decoder: [], upsamplers: [] };
}

/** A trace with one more step. */
export function withStep(trace: Trace, { stage }: Pick<StageStep, "stage">, inside: StepInside): Trace {
  if (stage === "prior") return { ...trace, prior: [...trace.prior, priorMoment(trace, inside)] };
  const moment = paintMoment(inside);
  if (stage === "decoder") return { ...trace, decoder: [...trace.decoder, moment] };
  const index = Number(stage.replace("upsampler-", "")) - 1;
  const upsamplers = [...trace.upsamplers];
  upsamplers[index] = [...(upsamplers[index] ?? []), moment];
  return { ...trace, upsamplers };
}

function priorMoment({ textEmbedding }: Trace, { t, x0 }: StepInside): PriorMoment {
  return {
    t,
    embedding: valuesOf(x0),
    toText: textEmbedding === undefined ? NaN : cosine(x0, textEmbedding),
  };
}

/** The cosine of two embeddings, [1, D] each. */
function cosine(a: Tensor, b: Tensor): number {
  return valuesOf(cosineSimilarity(a, b))[0]!;
}

/** How much guidance is exaggerated, so that it can be seen. */
const ADDED_SCALE = 2;

function paintMoment({ t, alphaCumprod, xt, x0, unguided }: StepInside): PaintMoment {
  const moment = { t, alphaCumprod, xt: pictureOf(xt), x0: pictureOf(x0) };
  if (unguided === undefined) return moment;
  const { cond, uncond } = unguided;
  const [guided, alone] = [valuesOf(x0), valuesOf(cond)];
  const added = pictureOf(cond, (i) => ADDED_SCALE * (guided[i]! - alone[i]!));
  return { ...moment, guidance: { cond: pictureOf(cond), uncond: pictureOf(uncond), added } };
}

export function valuesOf({ data }: Tensor): Float32Array {
  return data as Float32Array;
}
