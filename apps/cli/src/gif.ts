import sharp from "sharp";
import type { Picture } from "unclip";

/** Pictures of one size as the bytes of an animated GIF file that plays for ever, in 256 colours.
 * @param delayMs how long each frame is shown; GIF counts hundredths of a second */
export function encodeGif(pictures: readonly Picture[], delayMs: number): Promise<Uint8Array> {
  const { width, height } = pictures[0]!;
  const frames = Buffer.concat(pictures.map(({ data }) => data)); // one below the other
  const raw = { width, height: height * pictures.length, channels: 3, pageHeight: height } as const;
  return sharp(frames, { raw })
    .gif({ delay: pictures.map(() => delayMs), loop: 0, effort: 10 })
    .toBuffer();
}
