import type { Decoder } from "@unclip/decoder";
import { addNoise, repaint, startAt, type SamplingPlan } from "@unclip/sampler";
import {
  checkPicture,
  concatRows,
  map,
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
import { demand } from "../features.js";
import type { LoadedModel } from "../operation.js";
import type { PictureStart, Stages } from "../stages.js";
import { shrink } from "./subject.js";

/** A picture to begin with, and how much of it shall stay. */
export interface ImageSettings {
  /** The picture; in recipes what the decoder begins with: its pixels at the decoder's size, or their latents. */
  image?: Picture | string;
  /** How much of the way is sampled anew, above 0 to 1: 1 keeps next to nothing of the picture. Default 0.6, of Kandinsky 0.3, with a mask 1. */
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
export function fillImage({ image, strength, mask }: ImageSettings, loaded: LoadedModel): FilledImage {
  const { stages } = loaded;
  if (image === undefined) {
    const needless = strength !== undefined ? "strength" : mask !== undefined ? "mask" : undefined;
    if (needless === undefined) return {};
    throw new UnclipError("input", `${needless}: there is no image that it could be about; give one`);
  }
  if (typeof image !== "string") checkPicture("image", image);
  const filled = { image, strength: strength ?? (mask === undefined ? (stages.pictureStart?.strength ?? 0.6) : 1) };
  checkRange("strength", filled.strength, 0, 1);
  if (typeof image === "string") tensorFromText(image, stages.decoder.space.shape(1), "image");
  demand(loaded, mask === undefined ? "image" : "mask", mask === undefined ? "image" : "mask");
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

/** Where a decoder starts from a picture. */
export interface PictureStarted {
  readonly startOf: (plan: SamplingPlan) => Start;
  /** The decoder that sees the picture, where its network does. */
  readonly decoder?: Decoder;
  /** What the recipe keeps. */
  readonly recorded: FilledImage;
}

/** How a decoder starts from a picture.
 * @param pictures N
 * @returns nothing where there is no picture */
export async function startFromImage(
  { image, strength, mask }: FilledImage,
  { stages, pictures, random }: { readonly stages: Stages; readonly pictures: number; readonly random: Random },
): Promise<PictureStarted | undefined> {
  if (image === undefined) return undefined;
  const { beside, pictureStart } = stages;
  const { space } = stages.decoder;
  const one =
    typeof image === "string"
      ? tensorFromText(image, space.shape(1), "image")
      : await space.encode(shrink(image, stages));
  const x0 = repeatRows(one, pictures);
  const whites = mask === undefined ? undefined : whitesOf(mask, stages);
  const painted = whites && repeatRows(maskOf(whites, x0.dims), pictures);
  const isSeen = whites !== undefined && beside?.kind === "mask";
  return {
    startOf(plan) {
      const noise = random.normal(x0.dims);
      const started = startOn(plan, { x0, noise, strength: strength!, isWhole: painted !== undefined }, pictureStart);
      if (!painted || (isSeen && !pictureStart?.pastes)) return started;
      // a network that sees the kept area needs no second look at where the areas meet
      const seen = isSeen ? { resamples: 1, noise } : {};
      return { ...started, sampler: repaint(plan.sampler, { known: x0, mask: painted, ...seen }) };
    },
    ...(isSeen && {
      decoder: beside.at(space, { area: { latents: one, painted: maskOf(whites, [1, 1, ...one.dims.slice(2)]) } }),
    }),
    recorded: { image: textFromTensor(one), ...(whites && { mask: textFromTensor(whites) }) },
  };
}

interface StartOptions {
  readonly x0: Tensor;
  readonly noise: Tensor;
  readonly strength: number;
  /** At strength 1 the start is noise alone. */
  readonly isWhole: boolean;
}

function startOn(
  plan: SamplingPlan,
  { x0, noise, strength, isWhole }: StartOptions,
  pictureStart: PictureStart | undefined,
): Start {
  if (strength === 1 && (isWhole || pictureStart === undefined)) return { ...plan, xT: noise };
  const started = startAt(plan, strength, x0, noise);
  const bar = pictureStart?.alphaBar?.(strength);
  return bar === undefined ? started : { ...started, xT: addNoise(x0, noise, bar) };
}

/** A mask at the size of x_0, [1, 3, h, w] in [-1, 1]. */
function whitesOf(mask: Picture | string, { decoder, pictureStart }: Stages): Tensor {
  const { space } = decoder;
  const [height, width] = space.shape(1).slice(2) as [number, number];
  if (typeof mask === "string") return tensorFromText(mask, [1, 3, height, width], "mask");
  if (pictureStart === undefined) return pixelsFromPicture(resizePicture(mask, width, height));
  const whites = greyOf(resizePicture(mask, space.size.width, space.size.height, { filter: "lanczos" }));
  const painted = map(pictureStart.painted(whites), (value) => 2 * value - 1);
  return tensor(valuesOf(concatRows([painted, painted, painted])), [1, 3, height, width]);
}

/** How bright a picture is, in [0, 1], as Pillow weighs the colours: [1, 1, H, W]. */
function greyOf({ width, height, data }: Picture): Tensor {
  const grey = new Float32Array(width * height).map((_, i) => {
    const [red, green, blue] = data.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
    return ((19595 * red + 38470 * green + 7471 * blue + 2 ** 15) >> 16) / 255;
  });
  return tensor(grey, [1, 1, height, width]);
}

/** 1 where the mask is nearer to white than to black, 0 elsewhere, for each channel of x_0: [1, C, h, w]. */
function maskOf(whites: Tensor, [, channels, height, width]: readonly number[]): Tensor {
  const area = height! * width!;
  const values = valuesOf(whites);
  const out = new Float32Array(channels! * area).map((_, i) => (values[i % area]! > 0 ? 1 : 0));
  return tensor(out, [1, channels!, height!, width!]);
}
