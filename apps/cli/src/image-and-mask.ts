import { UnclipError, type Picture } from "unclip";
import { quotePath } from "./quote-path.js";
import { readPictureWithAlpha } from "./read-picture.js";

/** The pictures that `--image` and `--mask` name. Without `--mask`, the transparent area of the image is the mask.
 * @throws UnclipError "input" if a file is no picture that can be read, or the mask is transparent */
export async function readImageAndMask({
  image,
  mask,
}: {
  readonly image?: string;
  readonly mask?: string;
}): Promise<{ image?: Picture; mask?: Picture }> {
  const [start, area] = [await readGiven(image), await readGiven(mask)];
  if (area?.transparent !== undefined) {
    const cure = "paint white what shall change and black what shall stay, without transparency";
    throw new UnclipError("input", `mask: ${quotePath(mask!)} is transparent in parts; ${cure}`);
  }
  const masked = mask === undefined ? start?.transparent : area!.picture;
  return { ...(start && { image: start.picture }), ...(masked && { mask: masked }) };
}

async function readGiven(file: string | undefined) {
  return file === undefined ? undefined : readPictureWithAlpha(file);
}
