import { resizePicture, type Picture } from "unclip/worker";

/** Larger pictures gain nothing: CLIP and the decoder see them much smaller. */
const MOST_PIXELS = 512;

/** The middle square of a picture, not larger than is of use. */
export function square(picture: Picture): Picture {
  const side = Math.min(picture.width, picture.height);
  const [left, top] = [Math.floor((picture.width - side) / 2), Math.floor((picture.height - side) / 2)];
  const data = new Uint8Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    const from = 3 * ((top + y) * picture.width + left);
    data.set(picture.data.subarray(from, from + 3 * side), 3 * y * side);
  }
  const cut = { width: side, height: side, data };
  return side <= MOST_PIXELS ? cut : resizePicture(cut, MOST_PIXELS, MOST_PIXELS);
}
