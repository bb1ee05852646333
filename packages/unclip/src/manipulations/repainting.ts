import { repaint, startAt, type SamplingPlan } from "@unclip/sampler";
import {
  checkPicture,
  pixelsFromPicture,
  repeatRows,
  resizePicture,
  tensor,
  tensorFromText,
  textFromTensor,
  UnclipError,
  valuesOf,
  type Picture,
  type Random,
  type Tensor,
} from "@unclip/tensor";
import type { Start } from "../decode-and-enlarge.js";
import { checkRange } from "../fill-request.js";
import type { Stages } from "../stages.js";
import { shrink } from "./subject.js";

/** A picture to begin with, and how much of it shall stay. */
export interface ImageSettings {
  /** The picture; in recipes what the decoder begins with: its pixels at the decoder's size, or their latents. */
  image?: Picture | string;
  /** How much of the way is sampled anew, above 0 to 1: 1 keeps next to nothing of the picture. Default 0.6, with a mask 1. */
  strength?: number;
  /** What is painted anew: white is, black stays. Of the picture's size, or any other of the same shape; in recipes at the decoder's size. */
  mask?: Picture | string;
}

/** Image settings with every gap filled. */
export interface FilledImage {
  readonly image?: Picture | string;
  readonly strength?: number;
  readonly mask?: Picture | string;
}

/** Fills the gaps of image settings.
 * @throws UnclipError "input" for settings that cannot be, or that need a picture where there is none */
export function fillImage({ image, strength, mask }: ImageSettings, stages: Stages): FilledImage {
  if (image === undefined) {
    const needless = strength !== undefined ? "strength" : mask !== undefined ? "mask" : undefined;
    if (needless === undefined) return {};
    throw new UnclipError("input", `${needless}: there is no image that it could be about; give one`);
  }
  if (typeof image !== "string") checkPicture("image", image);
  const filled = { image, strength: strength ?? (mask === undefined ? 0.6 : 1) };
  checkRange("strength", filled.strength, 0, 1);
  if (typeof image === "string") tensorFromText(image, stages.decoder.space.shape(1), "image");
  if (mask === undefined) return filled;
  if (typeof mask !== "string") checkMask(mask, image);
  whitesOf(mask, stages);
  return { ...filled, mask };
}

/** A mask need not be as large as the picture, but must have its shape: another one is about another picture. */
function checkMask(mask: Picture, image: Picture | string): void {
  checkPicture("mask", mask);
  if (typeof image === "string" || mask.width * image.height === mask.height * image.width) return;
  const sizes = `${mask.width} x ${mask.height}, the image ${image.width} x ${image.height}`;
  throw new UnclipError("input", `mask: is ${sizes}; expected the shape of the image`);
}

/** How a decoder starts from a picture.
 * @param pictures N
 * @returns the start for a plan, and what the recipe keeps; nothing where there is no picture */
export async function startFromImage(
  { image, strength, mask }: FilledImage,
  { stages, pictures, random }: { readonly stages: Stages; readonly pictures: number; readonly random: Random },
): Promise<{ startOf: (plan: SamplingPlan) => Start; recorded: FilledImage } | undefined> {
  if (image === undefined) return undefined;
  const { space } = stages.decoder;
  const one =
    typeof image === "string"
      ? tensorFromText(image, space.shape(1), "image")
      : await space.encode(shrink(image, stages));
  const x0 = repeatRows(one, pictures);
  const whites = mask === undefined ? undefined : whitesOf(mask, stages);
  const painted = whites && repeatRows(maskOf(whites, x0.dims), pictures);
  return {
    startOf(plan) {
      const noise = random.normal(x0.dims);
      const started = strength === 1 ? { ...plan, xT: noise } : startAt(plan, strength!, x0, noise);
      return painted ? { ...started, sampler: repaint(plan.sampler, { known: x0, mask: painted }) } : started;
    },
    recorded: { image: textFromTensor(one), ...(whites && { mask: textFromTensor(whites) }) },
  };
}

/** A mask at the size of x_0, [1, 3, H, W] in [-1, 1]. */
function whitesOf(mask: Picture | string, { decoder }: Stages): Tensor {
  const [height, width] = decoder.space.shape(1).slice(2) as [number, number];
  if (typeof mask === "string") return tensorFromText(mask, [1, 3, height, width], "mask");
  return pixelsFromPicture(resizePicture(mask, width, height));
}

/** 1 where the mask is nearer to white than to black, 0 elsewhere, for each channel of x_0: [1, C, H, W]. */
function maskOf(whites: Tensor, [, channels, height, width]: readonly number[]): Tensor {
  const area = height! * width!;
  const values = valuesOf(whites);
  const out = new Float32Array(channels! * area).map((_, i) => (values[i % area]! > 0 ? 1 : 0));
  return tensor(out, [1, channels!, height!, width!]);
}
