import type { Picture, Tensor } from "unclip/worker";

/** The first picture of pixels, [N, 3, H, W] in [-1, 1]; of latents their first three channels, or the first as grey. Values beyond are cut.
 * @param valueAt in place of the tensor's values */
export function pictureOf(
  { dims, data }: Tensor,
  valueAt: (i: number) => number = (i) => (data as Float32Array)[i]!,
): Picture {
  const [, channels, height, width] = dims as [number, number, number, number];
  const area = height * width;
  const out = new Uint8Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    const from = area * (channels < 3 ? 0 : channel);
    for (let i = 0; i < area; i++) {
      out[3 * i + channel] = Math.round(255 * Math.min(Math.max((valueAt(from + i) + 1) / 2, 0), 1));
    }
  }
  return { width, height, data: out };
}
