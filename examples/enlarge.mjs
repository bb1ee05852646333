/* Any small picture, enlarged by the upsamplers alone: neither caption nor prior nor decoder runs. Toybox's upsamplers know its small world,
 * so that a photograph becomes a picture of solids; those of Karlo know photographs.
 *
 *   node enlarge.mjs small.png */
import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { createRandom, encodePng, loadUnclip, picturesFromPixels, pixelsFromPicture, resizePicture } from "unclip";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node enlarge.mjs small.png");
  process.exit(2);
}

const { data, info } = await sharp(file)
  .removeAlpha()
  .toColourspace("srgb")
  .raw()
  .toBuffer({ resolveWithObject: true });
const unclip = await loadUnclip();
const { decoder, upsamplers } = unclip.stages;
const { width, height } = decoder.space.size; // what the first upsampler was trained to enlarge
const small = resizePicture({ width: info.width, height: info.height, data }, width, height);

let pixels = pixelsFromPicture(small);
const random = createRandom(7);
for (const upsampler of upsamplers) pixels = await upsampler.upsample(pixels, { random });
const [large] = picturesFromPixels(pixels);
await writeFile("enlarged.png", await encodePng(large));
console.log(`enlarged.png: ${large.width} x ${large.height}`);
await unclip.dispose();
