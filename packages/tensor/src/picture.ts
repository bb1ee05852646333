import { checkArgument } from "./check-argument.js";
import { UnclipError } from "./errors.js";
import { sizeOf, tensor, valuesOf, type Tensor } from "./tensor.js";

/** An 8-bit RGB picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, row by row: width * height * 3 bytes. */
  readonly data: Uint8Array;
}

/** Throws unless `picture` has a size and the three bytes of each pixel.
 * @param where what the picture is, for messages
 * @throws UnclipError "input" */
export function checkPicture(where: string, picture: Picture): void {
  const { width, height, data } = (picture ?? {}) as Partial<Picture>;
  const isSize = (size: unknown) => Number.isInteger(size) && (size as number) >= 1 && (size as number) < 2 ** 31;
  if (!isSize(width) || !isSize(height)) {
    const got = `${String(width)} x ${String(height)}`;
    throw new UnclipError("input", `${where}: expected a picture with a width and a height of 1 or more, got ${got}`);
  }
  const expected = width! * height! * 3;
  if (data?.length === expected) return;
  throw new UnclipError(
    "input",
    `${where}: expected ${expected} bytes for ${width} x ${height} RGB pixels, got ${String(data?.length)}; has the picture an alpha channel?`,
  );
}

/** The pictures in a tensor of pixels: clamp(x / 2 + 0.5, 0, 1) in 255 steps, rounded half to even as diffusers rounds.
 * @param pixels [N, 3, H, W], values in [-1, 1]; what lies outside is clamped
 * @throws UnclipError "shape" if there are not 3 channels */
export function picturesFromPixels(pixels: Tensor): Picture[] {
  checkArgument("picturesFromPixels", pixels, ["dims", "data"], "a tensor of pixels [N, 3, H, W]");
  const [n, channels, height, width] = pixels.dims as [number, number, number, number];
  if (pixels.dims.length !== 4 || channels !== 3) {
    throw new UnclipError("shape", `pixels: expected [N, 3, H, W], got [${pixels.dims.join(", ")}]`);
  }
  const area = height * width;
  return Array.from({ length: n }, (_, row) => {
    const data = new Uint8Array(area * 3);
    for (let c = 0; c < 3; c++) {
      const plane = valuesOf(pixels).subarray((row * 3 + c) * area, (row * 3 + c + 1) * area);
      for (let i = 0; i < area; i++) data[i * 3 + c] = byteOf(plane[i]!);
    }
    return { width, height, data };
  });
}

/** One picture as pixels: [1, 3, H, W], values in [-1, 1]. */
export function pixelsFromPicture({ width, height, data }: Picture): Tensor {
  const area = width * height;
  const out = new Float32Array(sizeOf([3, area]));
  for (let i = 0; i < area * 3; i++) out[(i % 3) * area + Math.floor(i / 3)] = (data[i]! / 255) * 2 - 1;
  return tensor(out, [1, 3, height, width]);
}

function byteOf(value: number): number {
  const unit = Math.fround(Math.min(Math.max(Math.fround(value * 0.5 + 0.5), 0), 1) * 255);
  const rounded = Math.round(unit);
  return rounded - unit === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
