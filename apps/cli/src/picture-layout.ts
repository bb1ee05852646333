import type { Picture } from "unclip";

/** A smaller picture: each pixel is the mean of the pixels it stands for.
 * @param width at most the picture's; also `height` */
export function shrinkPicture(picture: Picture, width: number, height: number): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const [left, right] = span(pixel % width, width, picture.width);
    const [top, bottom] = span(Math.floor(pixel / width), height, picture.height);
    data[i] = meanOf(picture, { left, right, top, bottom }, i % 3);
  }
  return { width, height, data };
}

/** The source pixels [from, to) that target pixel `index` of `size` stands for. */
function span(index: number, size: number, sourceSize: number): [number, number] {
  return [Math.floor((index * sourceSize) / size), Math.floor(((index + 1) * sourceSize) / size)];
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function meanOf({ width, data }: Picture, { left, right, top, bottom }: Box, channel: number): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sum += data[(y * width + x) * 3 + channel]!;
  }
  return Math.round(sum / ((right - left) * (bottom - top)));
}

/** A larger picture: each pixel becomes a square of them.
 * @param times side of that square, a whole number from 1 */
export function magnified({ width, height, data }: Picture, times: number): Picture {
  const large = { width: width * times, height: height * times };
  const out = new Uint8Array(large.width * large.height * 3);
  for (let y = 0; y < large.height; y++) {
    for (let x = 0; x < large.width; x++) {
      const from = (Math.floor(y / times) * width + Math.floor(x / times)) * 3;
      out.set(data.subarray(from, from + 3), (y * large.width + x) * 3);
    }
  }
  return { ...large, data: out };
}

/** Pictures of one size in rows, with black between them.
 * @param pictures one or more
 * @param columns pictures in a row, 1 or more
 * @param gap width of the black, in pixels */
export function pictureGrid(pictures: readonly Picture[], columns: number, gap = 2): Picture {
  const cell = pictures[0]!;
  const inRow = Math.min(columns, pictures.length);
  const rows = Math.ceil(pictures.length / inRow);
  const [width, height] = [inRow * (cell.width + gap) - gap, rows * (cell.height + gap) - gap];
  const data = new Uint8Array(width * height * 3);
  for (const [index, picture] of pictures.entries()) {
    const left = (index % inRow) * (cell.width + gap);
    const top = Math.floor(index / inRow) * (cell.height + gap);
    for (let y = 0; y < cell.height; y++) {
      const row = picture.data.subarray(y * cell.width * 3, (y + 1) * cell.width * 3);
      data.set(row, ((top + y) * width + left) * 3);
    }
  }
  return { width, height, data };
}

/** A picture in a frame, which covers its border.
 * @param colour red, green, blue, from 0 to 255
 * @param width of the frame, in pixels */
export function framed(picture: Picture, colour: readonly [number, number, number], width = 3): Picture {
  const data = picture.data.slice();
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % picture.width, Math.floor(i / 3 / picture.width)];
    const inside = x >= width && x < picture.width - width && y >= width && y < picture.height - width;
    if (!inside) data[i] = colour[i % 3]!;
  }
  return { ...picture, data };
}
