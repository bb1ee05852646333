import {
  createConfigReader,
  parseRecord,
  quote,
  RANGES,
  resizePicture,
  tensor,
  UnclipError,
  type Picture,
  type Tensor,
  checkPicture,
} from "@unclip/tensor";

/** Height and width in pixels. */
interface PictureSize {
  readonly height: number;
  readonly width: number;
}

type Rgb = readonly [red: number, green: number, blue: number];

/** How pictures are made ready for a vision tower; a step that is undefined is left out. */
export interface PreprocessConfig {
  /** Resize to a size, or so that the shorter edge has a length, in pixels; bicubic. */
  readonly resize: PictureSize | { readonly shortestEdge: number } | undefined;
  /** Cut this size out of the centre; a smaller picture gets a black border first. */
  readonly crop: PictureSize | undefined;
  /** Factor on bytes, 1 / 255 as a rule. */
  readonly rescale: number | undefined;
  /** (x - mean) / std for red, green and blue. */
  readonly normalize: { readonly mean: Rgb; readonly std: Rgb } | undefined;
}

/** Reads the text of a preprocessor_config.json of CLIPImageProcessor, or of CLIPFeatureExtractor as older files call it.
 * A key that the file lacks takes the class's default.
 * @param where the file's name, for messages
 * @throws UnclipError "config" for another class or a value that is not supported */
export function readPreprocessConfig(text: string, where: string): PreprocessConfig {
  const json = parseRecord(text, where);
  const read = createConfigReader(json, where);
  read.only("image_processor_type", "CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil");
  read.only("feature_extractor_type", "CLIPFeatureExtractor");
  read.only("do_pad", false);
  const steps = {
    resize: read.flag("do_resize", true),
    crop: read.flag("do_center_crop", true),
    rescale: read.flag("do_rescale", true),
    normalize: read.flag("do_normalize", true),
  };
  if (steps.resize) read.only("resample", BICUBIC);
  const rgb = (key: string, fallback: Rgb, isLegal: (value: number) => boolean = () => true): Rgb => {
    const values = read.numbers(key, fallback);
    if (values.length === 3 && values.every(isLegal)) return values as Rgb;
    if (values.length === 3) throw new UnclipError("config", `${where}: ${key}: expected numbers above 0`);
    throw new UnclipError("config", `${where}: ${key}: expected red, green and blue, got ${values.length} numbers`);
  };
  return {
    resize: steps.resize ? readResize(json["size"] ?? { shortest_edge: 224 }, where) : undefined,
    crop: steps.crop ? readCrop(json["crop_size"] ?? 224, where) : undefined,
    rescale: steps.rescale ? read.number("rescale_factor", 1 / 255) : undefined,
    normalize: steps.normalize
      ? { mean: rgb("image_mean", MEAN), std: rgb("image_std", STD, (value) => value > 0) }
      : undefined,
  };
}

/** Pillow's number for it. */
const BICUBIC = 3;

/** Mean and standard deviation of the pictures that CLIP was trained on. */
const MEAN: Rgb = [0.48145466, 0.4578275, 0.40821073];
const STD: Rgb = [0.26862954, 0.26130258, 0.27577711];

/** A picture as a vision tower sees it: equal to transformers' CLIPImageProcessor on Pillow pictures.
 * @returns [1, 3, H, W]; H and W are those of the crop, or of the resized picture where nothing is cropped */
export function preprocessPicture(picture: Picture, config: PreprocessConfig): Tensor {
  checkPicture("picture", picture);
  const { resize, crop, rescale = 1, normalize } = config;
  const resized = resize === undefined ? picture : resizePicture(picture, ...targetSize(picture, resize));
  const { width, height, data } = crop === undefined ? resized : centreCrop(resized, crop);
  const area = width * height;
  const out = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    const [mean, std] = [Math.fround(normalize?.mean[c] ?? 0), Math.fround(normalize?.std[c] ?? 1)];
    for (let i = 0; i < area; i++) {
      // float32 after each operation, as the reference rounds
      const unit = Math.fround(data[i * 3 + c]! * rescale);
      out[c * area + i] = Math.fround(unit - mean) / std;
    }
  }
  return tensor(out, [1, 3, height, width]);
}

/** Pixels of a picture between resizing and cropping: 200 MB. */
const MAX_RESIZED_PIXELS = 2 ** 26;

/** Width and height to resize to; the longer edge is cut to whole pixels, not rounded. */
function targetSize({ width, height }: Picture, resize: NonNullable<PreprocessConfig["resize"]>): [number, number] {
  if ("height" in resize) return [resize.width, resize.height];
  const { shortestEdge: short } = resize;
  const long = Math.trunc((short * Math.max(width, height)) / Math.min(width, height));
  if (long * short > MAX_RESIZED_PIXELS) {
    const became = `would become ${long} pixels long when its shorter edge is made ${short}`;
    throw new UnclipError("input", `picture: ${width}x${height} ${became}; cut a less extreme shape out of it`);
  }
  return width <= height ? [short, long] : [long, short];
}

/** The middle of a picture. Where half a pixel is left over, a picture that is too large gives it on the right and
 * below; the border of one that is too small has it on the left and above. */
function centreCrop(picture: Picture, { height, width }: PictureSize): Picture {
  const [top, left] = [Math.floor((picture.height - height) / 2), Math.floor((picture.width - width) / 2)];
  const out = new Uint8Array(height * width * 3);
  const [firstColumn, lastColumn] = [Math.max(left, 0), Math.min(left + width, picture.width)];
  for (let y = Math.max(top, 0); y < Math.min(top + height, picture.height); y++) {
    const row = picture.data.subarray((y * picture.width + firstColumn) * 3, (y * picture.width + lastColumn) * 3);
    out.set(row, ((y - top) * width + firstColumn - left) * 3);
  }
  return { width, height, data: out };
}

function readResize(size: unknown, where: string): PreprocessConfig["resize"] {
  if (isPixels(size)) return { shortestEdge: size };
  const { shortest_edge: shortestEdge, ...others } = entriesOf(size);
  if (isPixels(shortestEdge) && Object.keys(others).length === 0) return { shortestEdge };
  return readSize(size, `${where}: size`, "a number of pixels, { shortest_edge } or { height, width }");
}

function readCrop(size: unknown, where: string): PictureSize {
  if (isPixels(size)) return { height: size, width: size };
  return readSize(size, `${where}: crop_size`, "a number of pixels or { height, width }");
}

function readSize(size: unknown, where: string, expected: string): PictureSize {
  const { height, width, ...others } = entriesOf(size);
  if (isPixels(height) && isPixels(width) && Object.keys(others).length === 0) return { height, width };
  throw new UnclipError(
    "config",
    `${where} ${quote(JSON.stringify(size))} is not supported; expected ${expected}, of ${RANGES.pixels.max} pixels at most`,
  );
}

function isPixels(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= RANGES.pixels.max;
}

/** What an object says, without the nulls that newer files may write for the kinds of size that they do not use. */
function entriesOf(size: unknown): Record<string, unknown> {
  if (typeof size !== "object" || size === null || Array.isArray(size)) return {};
  return Object.fromEntries(Object.entries(size).filter(([, value]) => value !== null));
}
