import type { Stages, GenerateRequest } from "unclip";

/** The settings that paint a size: of a model with upsamplers how many of them run, of another its width and height.
 * @param size for example "512x512"; undefined for the model's own
 * @returns a sentence as `warning` where the model has no such size, and paints its own */
export function sizeSettings(
  size: string | undefined,
  { decoder, upsamplers }: Stages,
): { readonly settings: Pick<GenerateRequest, "width" | "height" | "upsamplers">; readonly warning?: string } {
  if (size === undefined) return { settings: {} };
  const [width, height] = size.split("x").map(Number) as [number, number];
  if (upsamplers.length === 0) return { settings: { width, height } };
  const own = decoder.space.size;
  const sizes = [own, ...upsamplers.map(({ config: { sampleSize } }) => ({ width: sampleSize, height: sampleSize }))];
  const count = sizes.findIndex((one) => one.width === width && one.height === height);
  if (count >= 0) return { settings: { upsamplers: count } };
  const known = sizes.map((one) => `${one.width}x${one.height}`).join(", ");
  return { settings: {}, warning: `expected one of ${known}, got ${size}; ${known.split(", ").at(-1)} is painted` };
}
